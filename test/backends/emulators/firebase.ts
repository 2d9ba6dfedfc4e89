/** Firebase's Auth emulator, and an API that reads its ID tokens, which no key signs there. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { type Backend, post } from '../backend.ts'
import { freePort, start } from '../processes.ts'

const PROJECT = 'demo-refresh-worker'
const ADA = { email: 'ada@example.org', password: 'lovelace', returnSecureToken: true }
const PLACES = `{
    apiKey: 'KEY',
    authUrl: '/identitytoolkit.googleapis.com',
    tokenUrl: '/securetoken.googleapis.com',
  }`

export const firebase: Backend = {
  title: 'Firebase Authentication (emulator)',
  source: 'npm',
  setup: "{ ...RefreshWorker.presets.firebase({ apiKey: 'KEY' }), apiUrls: ['/api/'] }",
  login: post('/identitytoolkit.googleapis.com/v1/accounts:signInWithPassword?key=KEY', ADA),
  api: { url: '/api/me' },
  isRefresh: ({ url }) => url === '/securetoken.googleapis.com/v1/token?key=KEY',
  open: async () => {
    const [port, hub, logging] = [await freePort(), await freePort(), await freePort()]
    const url = `http://127.0.0.1:${port}`
    const folder = await mkdtemp(join(tmpdir(), 'refresh-worker-firebase-'))
    const host = '127.0.0.1'
    const emulators = {
      auth: { host, port },
      hub: { host, port: hub },
      logging: { host, port: logging },
      ui: { enabled: false },
    }
    await writeFile(join(folder, 'firebase.json'), JSON.stringify({ emulators }))
    const command = join(import.meta.dirname, 'node_modules/.bin/firebase')
    const args = ['emulators:start', '--only', 'auth', '--project', PROJECT]
    const stop = await start({ command, args, cwd: folder, url })
    await fetch(`${url}/identitytoolkit.googleapis.com/v1/accounts:signUp?key=KEY`, post('', ADA))
    return {
      url,
      words: [["{ apiKey: 'KEY' }", PLACES]],
      userOf: async token => {
        const { aud, exp = 0, email } = decodeJwt(token)
        return aud === PROJECT && exp * 1000 > Date.now() ? String(email) : null
      },
      refuse: () =>
        fetch(`${url}/emulator/v1/projects/${PROJECT}/accounts`, {
          method: 'DELETE',
          headers: { Authorization: 'Bearer owner' },
        }),
      close: async () => {
        await stop()
        await rm(folder, { recursive: true })
      },
    }
  },
}
