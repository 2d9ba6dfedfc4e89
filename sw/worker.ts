// The prebuilt classic script: `importScripts('refresh-worker.js')` defines the global RefreshWorker.
export { setup } from './setup.ts'
