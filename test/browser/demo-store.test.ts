/** The demo on `refresh-worker/server`: what it does on its older half, and what that cannot. */
import { afterEach, expect, it } from 'vitest'
import { memoryStore } from '../../src/server/index.ts'
import { barrier, engine, get, logIn, Scene, stateOf, untilStatus, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

it.each([
  ['in the body', {}],
  ['in a cookie', { cookie: true }],
])('logs in, refreshes once for two tabs, and logs out, the refresh token %s', async (_, options) => {
  scene = await Scene.open(browser, { store: memoryStore(), lifetime: 600, ...options })
  const [tab, other] = [await scene.tab(), await scene.tab()]
  expect((await logIn(tab)).status).toBe(200)
  await untilStatus(other, 'authenticated')
  expect(await stateOf(other)).toMatchObject({ claims: { name: 'Ada Lovelace' } })
  scene.demo.expireAccessTokens()
  expect(await Promise.all([tab, other].map(each => get(each, '/api/me')))).toEqual([200, 200])
  expect(scene.demo.stats).toMatchObject({ logins: 1, refreshes: 1, refreshFailures: 0 })
  await tab.evaluate(() => window.auth.logout())
  await untilStatus(other, 'anonymous')
  expect(await get(other, '/api/me')).toBe(401)
  expect((await logIn(tab, 'ada', 'wrong')).status).toBe(401)
})

it.runIf(engine.can.stopWorkers)(
  'keeps a session whose worker is killed in the middle of a refresh (G17)',
  async () => {
    const gate = barrier()
    let count = 0
    scene = await Scene.open(browser, {
      store: memoryStore(),
      lifetime: 600,
      afterRefresh: () => (++count === 1 ? gate.pass() : undefined),
    })
    const tab = await scene.tab()
    await logIn(tab)
    scene.demo.expireAccessTokens()
    const status = get(tab, '/api/me')
    await gate.reached
    await tab.stopWorkers()
    gate.open()
    expect(await status).toBe(200)
    expect(await stateOf(tab)).toMatchObject({ status: 'authenticated' })
  },
)
