import { refreshWorker } from 'refresh-worker/plugin'
import { defineConfig } from 'vite'

// The API and the logins: by default the demo of this repository, `npm start` in its root.
const target = process.env.API ?? 'http://localhost:8020'
const proxy = { '/api/': target, '/auth/': target }

export default defineConfig({
  plugins: [refreshWorker.vite({ config: 'src/auth.config.ts' })],
  server: { proxy },
  preview: { proxy },
})
