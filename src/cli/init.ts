import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mustBeNoLink, read } from './files.ts'

export const WORKER = 'refresh-worker.js'
export const PRESETS = 'refresh-worker.presets.js'
export const IN_PAGE = 'refresh-worker.in-page.js'
/** Loaded by the former, in pages that open an EventSource. */
const EVENT_SOURCE = 'refresh-worker.event-source.js'
export const PAGE = 'refresh-worker.page.js'
/** All that `init` may write anew. */
export const LIBRARIES = [WORKER, PRESETS, PAGE, IN_PAGE, EVENT_SOURCE]

const script = (isWithPresets: boolean) => `importScripts('${WORKER}'${isWithPresets ? `, '${PRESETS}'` : ''})
RefreshWorker.setup({${isWithPresets ? '\n  ...RefreshWorker.presets.simpleJwt(), // or another: see docs/backends.md' : ''}
  apiUrls: ['/api/'], // what gets the access token
${isWithPresets ? '' : "  loginUrl: '/auth/login', // a POST here logs in\n  useRefreshToken: true,\n"}  staticRoutes: true, // take this out when this script gets a fetch listener of its own
})
`

export const INIT_HELP = `Usage: refresh-worker init DIR [--file NAME] [--presets] [--page] [--in-page] [--force]

Puts the worker into DIR, which is made where it is not there:
  ${WORKER}  the library's, always written anew
  sw.js              yours, only written where there is none; one that does not import
                     the library is left as it is, and its first lines are shown

  --file NAME  the name of your worker script, where it is not sw.js
  --presets    ${PRESETS} too: the options of well-known servers
  --page       ${PAGE} too: what pages import, for sites without a bundler
  --in-page    ${IN_PAGE} and ${EVENT_SOURCE} too:
               for pages that can have no worker
  --force      write sw.js anew
`

export interface InitJob {
  readonly dist: string
  readonly folder: string
  readonly file: string
  readonly force: boolean
  readonly presets: boolean
  readonly page: boolean
  readonly inPage: boolean
  readonly out: (text: string) => void
}

export async function init({ dist, folder, file, force, presets, page, inPage, out }: InitJob): Promise<0> {
  const made = await mkdir(folder, { recursive: true })
  if (made !== undefined) out(`made the folder ${folder}\n`)
  const yourScript = join(folder, file)
  const copies = await librariesFor(folder, { presets, page, inPage })
  const isWithPresets = copies.includes(PRESETS)
  for (const path of [...copies.map(name => join(folder, name)), yourScript]) await mustBeNoLink(path)
  for (const name of copies) {
    await copyFile(join(dist, name), join(folder, name))
    out(`wrote ${join(folder, name)}\n`)
  }
  const yours = await read(yourScript)
  if (yours === null || force) {
    await writeFile(yourScript, script(isWithPresets))
    out(`wrote ${yourScript}: name your URLs there\n`)
  } else if (!yours.includes(WORKER) || (isWithPresets && !yours.includes(PRESETS)))
    out(`left ${yourScript} as it is; its first lines should be:\n\n${script(isWithPresets)}\n`)
  const from = copies.includes(PAGE) ? `./${PAGE}` : 'refresh-worker'
  out(`On your pages: import { register } from '${from}'; const auth = register('/${file}')\n`)
  return 0
}

/** What a folder is to have of the library: the worker, and with it what is wanted or was wanted before. */
export async function librariesFor(
  folder: string,
  { presets, page, inPage }: Pick<InitJob, 'presets' | 'page' | 'inPage'>,
): Promise<readonly string[]> {
  const isWanted = async (isAsked: boolean, name: string) => isAsked || (await read(join(folder, name))) !== null
  return [
    WORKER,
    ...((await isWanted(presets, PRESETS)) ? [PRESETS] : []),
    ...((await isWanted(page, PAGE)) ? [PAGE] : []),
    ...((await isWanted(inPage, IN_PAGE)) ? [IN_PAGE, EVENT_SOURCE] : []),
  ]
}
