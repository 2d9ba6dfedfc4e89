import { refreshWorker } from 'refresh-worker/plugin'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [refreshWorker.vite({ config: 'src/auth.config.ts' })],
  build: { target: 'es2022' },
})
