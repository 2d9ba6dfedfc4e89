import { defineConfig, devices } from '@playwright/test'

const { CHROMIUM_PATH, PORT = '8031' } = process.env

export default defineConfig({
  testDir: 'tests',
  fullyParallel: true,
  reporter: 'list',
  use: {
    ...devices['Desktop Chrome'],
    baseURL: `http://localhost:${PORT}`,
    // The system's own Chromium, where Playwright has not installed one.
    launchOptions: CHROMIUM_PATH ? { executablePath: CHROMIUM_PATH, args: ['--no-sandbox'] } : {},
  },
  webServer: { command: 'node server.mjs', env: { PORT }, url: `http://localhost:${PORT}` },
  projects: [
    { name: 'log in', testMatch: 'log-in.setup.ts' },
    {
      name: 'logged in',
      testMatch: 'logged-in.spec.ts',
      dependencies: ['log in'],
      use: { storageState: '.auth/ada.json' },
    },
    { name: 'others', testIgnore: ['log-in.setup.ts', 'logged-in.spec.ts'] },
  ],
})
