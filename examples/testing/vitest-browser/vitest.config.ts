import { playwright } from '@vitest/browser-playwright'
import { refreshWorker } from 'refresh-worker/plugin'
import { type FakeServer, fakeServer, nodeHandler } from 'refresh-worker/testing'
import { defineConfig } from 'vitest/config'

const { CHROMIUM_PATH } = process.env

// Vitest reads this file twice, for itself and for the server of the browser's pages: both are to have the same one.
const shared = globalThis as { fakeServer?: FakeServer }
shared.fakeServer ??= fakeServer({ api: (_request, claims) => Response.json({ orders: [1, 2], of: claims.name }) })
const server = shared.fakeServer

export default defineConfig({
  plugins: [
    // What the worker's script is made of, as in the application's own configuration.
    refreshWorker.vite({ config: 'src/auth.config.ts' }),
    {
      name: 'fake-server',
      configureServer: ({ middlewares }) => {
        for (const path of ['/auth', '/api']) middlewares.use(path, nodeHandler(server.fetch))
      },
    },
  ],
  test: {
    setupFiles: 'src/clean.ts',
    // All files have the one server, and what one has it do is not to be seen by another.
    fileParallelism: false,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      instances: [{ browser: 'chromium' }],
      // The system's own Chromium, where Playwright has not installed one.
      provider: playwright({
        launchOptions: CHROMIUM_PATH ? { executablePath: CHROMIUM_PATH, args: ['--no-sandbox'] } : {},
      }),
      commands: {
        expire: () => server.expire(),
        refuse: () => server.refuse(),
        calls: () => server.calls.splice(0),
      },
    },
  },
})
