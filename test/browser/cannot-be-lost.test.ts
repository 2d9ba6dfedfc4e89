/** G17: between the worker and `refresh-worker/server` a refresh cannot be lost, whatever is killed. */
import { afterEach, describe, expect, it } from 'vitest'
import { openSessionServer, type SessionServer } from '../servers/session-server.ts'
import type { Tab } from './engines/engine.ts'
import { barrier, engine, inPageScript, stateOf, untilStatus, useBrowser } from './harness.ts'
import { useSites } from './site.ts'

/** How often each is tried. */
const TIMES = process.env.EVERYWHERE ? 100 : 5

const SETUP = `RefreshWorker.setup({
  apiUrls: ['/api/'],
  loginUrl: '/auth/login',
  refreshTokenUrl: '/auth/refresh',
  useRefreshToken: true,
  idempotencyKeys: 'always',
})`
const script = (body: string) => ({ type: 'text/javascript', body })
const page = (options: string) => ({
  type: 'text/html',
  body: `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module">
    import { register } from '/refresh-worker/index.js'
    window.auth = register('/sw.js', ${options})
  </script>`,
})

const browser = useBrowser()
const openSiteFor = useSites<SessionServer>(browser)
const held = new Set<() => void>()
afterEach(() => {
  for (const open of held) open()
  held.clear()
})

async function open(afterRefresh: NonNullable<Parameters<typeof openSessionServer>[0]>['afterRefresh']) {
  const server = await openSessionServer(afterRefresh ? { afterRefresh } : {})
  const site = await openSiteFor(server, {
    '/sw.js': script(`importScripts('/refresh-worker.js')\n${SETUP}`),
    '/in-page.js': script(inPageScript(SETUP)),
    '/page.html': page('{}'),
    '/without.html': page("{ host: 'page', withoutWorker: () => import('/in-page.js') }"),
  })
  return { server, site }
}

const logIn = (tab: Tab) =>
  tab.evaluate(
    async body => {
      const headers = { 'Content-Type': 'application/json' }
      return (await fetch('/auth/login', { method: 'POST', headers, body })).status
    },
    JSON.stringify({ name: 'ada', password: 'lovelace' }),
  )
const call = (tab: Tab) => tab.evaluate(async () => (await fetch('/api/data')).status)

describe('the session goes on', () => {
  it.runIf(engine.can.stopWorkers)(
    `where the worker is killed once the server has spent the token, ${TIMES} times`,
    async () => {
      let gate = barrier()
      const { server, site } = await open(() => gate.pass())
      const tab = await site.tab('/page.html')
      const other = await site.tab('/page.html')
      await logIn(tab)
      for (let n = 1; n <= TIMES; n++) {
        gate = barrier()
        held.add(gate.open)
        server.forgetAccessTokens()
        const status = call(tab)
        await gate.reached
        await tab.stopWorkers()
        gate.open()
        expect(await status).toBe(200)
        expect(await call(other)).toBe(200)
      }
      expect(server.stats).toMatchObject({ refusals: 0, reused: 0 })
      expect(await stateOf(other)).toMatchObject({ status: 'authenticated' })
    },
  )

  it(`where the answer to the refresh is cut off, ${TIMES} times`, async () => {
    let isCut = false
    const { server, site } = await open(response => {
      if (isCut) response.destroy()
      isCut = false
    })
    const tab = await site.tab('/page.html')
    await logIn(tab)
    for (let n = 1; n <= TIMES; n++) {
      server.forgetAccessTokens()
      isCut = true
      // A network error; a page that asks for it is not told to wait.
      await call(tab).catch(() => 0)
      await expect
        .poll(() =>
          tab.evaluate(() =>
            window.auth.updateToken().then(
              ({ status }) => status,
              ({ code }) => code,
            ),
          ),
        )
        .toBe('authenticated')
      expect(await call(tab)).toBe(200)
    }
    expect(server.stats).toMatchObject({ refusals: 0, reused: 0 })
  })

  it.runIf(engine.can.stopWorkers)(
    'where all tabs are closed, and the worker stopped, in the middle of it',
    async () => {
      const gate = barrier()
      held.add(gate.open)
      let count = 0
      const { server, site } = await open(() => (++count === 1 ? gate.pass() : undefined))
      const tab = await site.tab('/page.html')
      await logIn(tab)
      server.forgetAccessTokens()
      await tab.evaluate(() => void fetch('/api/data').catch(() => undefined))
      await gate.reached
      await tab.stopWorkers()
      await tab.close()
      gate.open()
      const next = await site.tab('/page.html')
      await untilStatus(next, 'authenticated')
      expect(await call(next)).toBe(200)
      expect(server.stats).toMatchObject({ refusals: 0, reused: 0 })
    },
  )

  it('where a page without a worker is closed in the middle of it', async () => {
    const gate = barrier()
    held.add(gate.open)
    let count = 0
    const { server, site } = await open(() => (++count === 1 ? gate.pass() : undefined))
    const [tab, other] = [await site.tab('/without.html'), await site.tab('/without.html')]
    await logIn(tab)
    await untilStatus(other, 'authenticated')
    server.forgetAccessTokens()
    await tab.evaluate(() => void fetch('/api/data').catch(() => undefined))
    await gate.reached
    await tab.close()
    gate.open()
    expect(await call(other)).toBe(200)
    expect(server.stats).toMatchObject({ refusals: 0, reused: 0 })
  })
})

it(`a thief's use of an old token ends the family (Z2), ${TIMES} times`, async () => {
  const { server, site } = await open(() => undefined)
  const tab = await site.tab('/page.html')
  for (let n = 1; n <= TIMES; n++) {
    await logIn(tab)
    const [stolen] = server.sent.slice(-1)
    server.forgetAccessTokens()
    expect(await call(tab)).toBe(200)
    const body = JSON.stringify({ grant_type: 'refresh_token', refresh_token: stolen })
    const theft = await fetch(`${server.origin}/auth/refresh`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
    })
    expect(theft.status).toBe(401)
    expect(server.stats.reused).toBe(n)
    server.forgetAccessTokens()
    expect(await call(tab)).toBe(401)
    await untilStatus(tab, 'anonymous')
    expect(await stateOf(tab)).toEqual({ status: 'anonymous', reason: 'rejected' })
  }
})
