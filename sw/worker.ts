/// <reference lib="webworker" />
// The prebuilt classic script: `importScripts('refresh-worker.js')` defines the global RefreshWorker.
import { setup } from './setup.ts'

declare global {
  /** For scripts that are checked: `/// <reference types="refresh-worker/worker.js" />` */
  var RefreshWorker: { readonly setup: typeof setup }
}

Object.assign(self, { RefreshWorker: { setup } })
