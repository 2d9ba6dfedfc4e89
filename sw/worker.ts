/// <reference lib="webworker" />
// The prebuilt classic script: `importScripts('refresh-worker.js')` defines the global RefreshWorker.
import type * as presets from '../src/presets/index.ts'
import { setup } from './setup.ts'

declare global {
  /** For scripts that are checked: `/// <reference types="refresh-worker/worker.js" />` */
  var RefreshWorker: {
    readonly setup: typeof setup
    /** Only after `importScripts('refresh-worker.presets.js')` too. */
    readonly presets: typeof presets
  }
}

Object.assign(self, { RefreshWorker: { setup } })
