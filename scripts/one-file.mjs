import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The worker that the built package makes of a configuration's module, given as its text. */
export function oneFileOf(module) {
  return withConfig(module, async config => {
    const { buildWorker } = await import('../dist/plugin.js')
    const { code } = await buildWorker({ config })
    return code
  })
}

/** What a page that Vite builds with such a module loads where there is no worker. */
export function inPageOf(module) {
  return withConfig(module, async (config, folder) => {
    const [{ refreshWorker }, { build }] = [await import('../dist/plugin.js'), await import('vite')]
    const input = join(folder, 'in-page.mjs')
    const host = fileURLToPath(import.meta.resolve('refresh-worker/in-page'))
    await writeFile(
      input,
      `import { inPage } from ${JSON.stringify(host)}\nimport options from './options.mjs'\nexport default inPage(options)`,
    )
    const { output } = await build({
      root: folder,
      logLevel: 'error',
      plugins: [refreshWorker.vite({ config })],
      build: { write: false, rolldownOptions: { input, preserveEntrySignatures: 'strict' } },
    })
    const load = name => {
      const { code, imports } = output.find(({ fileName }) => fileName === name)
      return [code, ...imports.flatMap(load)]
    }
    return load(output.find(({ isEntry }) => isEntry).fileName).join('\n')
  })
}

async function withConfig(module, work) {
  const folder = await mkdtemp(join(tmpdir(), 'refresh-worker-'))
  try {
    const config = join(folder, 'options.mjs')
    await writeFile(config, module)
    return await work(config, folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}
