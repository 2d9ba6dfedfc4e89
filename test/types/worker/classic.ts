// Compiles as a classic worker script does, where it is checked: it imports nothing.
// By `/// <reference types="refresh-worker/worker.js" />`, which does not find a package out of its own files.

import type {} from 'refresh-worker/worker.dev.js'
import type {} from 'refresh-worker/worker.js'

importScripts('refresh-worker.js')
RefreshWorker.setup({ apiUrls: ['/api/'], loginUrl: '/auth/login', useRefreshToken: true })
RefreshWorker.setup({
  ...RefreshWorker.presets.cognito({ clientId: 'web', url: 'https://id.example/' }),
  apiUrls: ['/api/'],
})
// @ts-expect-error: no such option
RefreshWorker.setup({ apiUrls: ['/api/'], logUrl: '/auth/login' })
