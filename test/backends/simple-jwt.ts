import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { installByApt } from '../../scripts/browsers.mjs'
import { type Backend, post, posts } from './backend.ts'
import { freePort, start } from './processes.ts'

/** Debian's own, which its packages are for. */
const PYTHON = '/usr/bin/python3'

/** Whether it is there, or could be installed; where it must be and is not, an error. */
export async function hasSimpleJwt(): Promise<boolean> {
  const isThere = () =>
    promisify(execFile)(PYTHON, ['-c', 'import rest_framework_simplejwt']).then(
      () => true,
      () => false,
    )
  if (await isThere()) return true
  if (process.getuid?.() === 0)
    try {
      installByApt('python3-djangorestframework-simplejwt')
    } catch (error) {
      console.error(String(error))
    }
  if (await isThere()) return true
  if (process.env.CI) throw new Error('Debian: apt-get install python3-djangorestframework-simplejwt')
  return false
}

export const simpleJwt: Backend = {
  title: 'Django REST framework, SimpleJWT 5',
  source: 'Debian',
  setup: "{ ...RefreshWorker.presets.simpleJwt(), apiUrls: ['/api/'] }",
  login: post('/api/token/', { username: 'ada', password: 'lovelace' }),
  api: { url: '/api/me/' },
  isRefresh: posts('/api/token/refresh/'),
  open: async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const folder = await mkdtemp(join(tmpdir(), 'refresh-worker-django-'))
    const app = join(import.meta.dirname, 'django/app.py')
    const stop = await start({ command: PYTHON, args: [app, String(port), folder], url })
    return {
      url,
      refuse: () => fetch(`${url}/refuse/`, { method: 'POST' }),
      close: async () => {
        await stop()
        await rm(folder, { recursive: true })
      },
    }
  },
}
