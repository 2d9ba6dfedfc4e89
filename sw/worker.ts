/// <reference lib="webworker" />
// The prebuilt classic script: `importScripts('refresh-worker.js')` defines the global RefreshWorker.
import { setup } from './setup.ts'

Object.assign(self, { RefreshWorker: { setup } })
