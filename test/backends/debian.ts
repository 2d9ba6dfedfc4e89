/** Backends of Debian's, in its Python. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { installByApt } from '../../scripts/browsers.mjs'
import { type Backend, post, posts, type Running } from './backend.ts'
import { freePort, start } from './processes.ts'

/** Debian's own, which its packages are for. */
const PYTHON = '/usr/bin/python3'

/** Whether a module is there, or could be installed; where it must be and is not, an error. */
async function has(module: string, name: string): Promise<boolean> {
  const isThere = () =>
    promisify(execFile)(PYTHON, ['-c', `import ${module}`]).then(
      () => true,
      () => false,
    )
  if (await isThere()) return true
  if (process.getuid?.() === 0)
    try {
      installByApt(name)
    } catch (error) {
      console.error(String(error))
    }
  if (await isThere()) return true
  if (process.env.CI) throw new Error(`Debian: apt-get install ${name}`)
  return false
}

/** Starts an app, which is told its port and a folder of its own. */
async function run(app: string, refuseUrl: string): Promise<Running> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const folder = await mkdtemp(join(tmpdir(), 'refresh-worker-python-'))
  const args = [join(import.meta.dirname, app), String(port), folder]
  const stop = await start({ command: PYTHON, args, url })
  return {
    url,
    refuse: () => fetch(url + refuseUrl, { method: 'POST' }),
    close: async () => {
      await stop()
      await rm(folder, { recursive: true })
    },
  }
}

export const simpleJwt: Backend = {
  title: 'Django REST framework, SimpleJWT 5',
  source: 'Debian',
  setup: "{ ...RefreshWorker.presets.simpleJwt(), apiUrls: ['/api/'] }",
  login: post('/api/token/', { username: 'ada', password: 'lovelace' }),
  api: { url: '/api/me/' },
  isRefresh: posts('/api/token/refresh/'),
  open: () => run('django/app.py', '/refuse/'),
}

export const flaskJwtExtended: Backend = {
  title: 'Flask, flask-jwt-extended 4',
  source: 'Debian',
  setup:
    "{\n  ...RefreshWorker.presets.refreshTokenAsBearer(),\n  apiUrls: ['/protected'],\n  loginUrl: '/login',\n  refreshTokenUrl: '/refresh',\n}",
  login: post('/login', { username: 'ada', password: 'lovelace' }),
  api: { url: '/protected' },
  isRefresh: posts('/refresh'),
  open: () => run('flask/app.py', '/refuse'),
}

const NEEDS: readonly (readonly [backend: Backend, module: string, name: string])[] = [
  [simpleJwt, 'rest_framework_simplejwt', 'python3-djangorestframework-simplejwt'],
  [flaskJwtExtended, 'flask_jwt_extended', 'python3-python-flask-jwt-extended'],
]

/** Those that this machine has, or can have. */
export async function ofDebian(): Promise<readonly Backend[]> {
  const there: Backend[] = []
  for (const [backend, module, name] of NEEDS) if (await has(module, name)) there.push(backend)
  return there
}
