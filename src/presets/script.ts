// The prebuilt classic script: after `importScripts('refresh-worker.js', 'refresh-worker.presets.js')` there is
// RefreshWorker.presets.
import * as presets from './index.ts'

const { RefreshWorker = {} } = globalThis as { RefreshWorker?: object }
Object.assign(globalThis, { RefreshWorker: { ...RefreshWorker, presets } })
