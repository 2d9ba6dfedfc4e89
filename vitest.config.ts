import { defineConfig } from 'vitest/config'
import { CountReporter } from './test/count-reporter.ts'

const define = { __VERSION__: JSON.stringify('0.0.0-test') }

export default defineConfig({
  test: {
    reporters: ['default', new CountReporter()],
    projects: [
      { define, test: { name: 'unit', include: ['test/unit/**/*.test.ts'], sequence: { groupOrder: 0 } } },
      { define, test: { name: 'model', include: ['test/model/**/*.test.ts'] } },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: 'test/browser/global-setup.ts',
          // One browser at a time: two cores, and tests that are about who comes first.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
