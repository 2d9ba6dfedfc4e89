import { resolve } from 'node:path'

export default {
  // The package is linked from the folder above.
  outputFileTracingRoot: resolve(import.meta.dirname, '../..'),
  eslint: { ignoreDuringBuilds: true },
}
