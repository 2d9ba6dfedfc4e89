import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The worker that the built package makes of a configuration's module, given as its text. */
export async function oneFileOf(module) {
  const { buildWorker } = await import('../dist/plugin.js')
  const folder = await mkdtemp(join(tmpdir(), 'refresh-worker-'))
  try {
    const config = join(folder, 'options.mjs')
    await writeFile(config, module)
    const { code } = await buildWorker({ config })
    return code
  } finally {
    await rm(folder, { recursive: true })
  }
}
