import { afterEach, describe, expect, it } from 'vitest'
import { engine, get, logIn, Scene, stateOf, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

/** A demo whose worker has a limit, and asks `logoutUrl`. */
function open(options: string): Promise<Scene> {
  const setup = `RefreshWorker.setup({ apiUrls: ['/api/'], useRefreshToken: true, logoutUrl: '/auth/logout', ${options} })`
  const body = `importScripts('/refresh-worker.js'); ${setup}`
  return Scene.open(browser, { files: { '/sw.js': { type: 'text/javascript', body } } })
}

describe.each([
  ['maxIdle', 'idle'],
  ['maxAge', 'max_age'],
])('%s', (option, reason) => {
  const over = { status: 'anonymous', reason }

  it(`ends the session in every tab by itself, as ${reason}, and logs out at the server once`, async () => {
    scene = await open(`${option}: 2`)
    const tabs = [await scene.tab(), await scene.tab(), await scene.tab()] as const
    await logIn(tabs[0])
    for (const tab of tabs) {
      await expect.poll(() => stateOf(tab)).toEqual(over)
      expect(await get(tab, '/api/me')).toBe(401)
    }
    await expect.poll(() => scene.demo.stats.logouts).toBe(1)
    // Of the user whose session it was.
    expect(scene.demo.log.find(({ kind }) => kind === 'logout')).toMatchObject({ user: 'ada' })
    await logIn(tabs[1])
    expect(await get(tabs[2], '/api/me')).toBe(200)
    expect(scene.demo.stats).toMatchObject({ logins: 2, refreshes: 0 })
  })

  it.runIf(engine.can.stopWorkers)('counts on where the worker is killed meanwhile (G6)', async () => {
    scene = await open(`${option}: 3`)
    const page = await scene.tab()
    const other = await scene.tab()
    await logIn(page)
    await scene.stopWorkers(page)
    for (const tab of [page, other]) {
      await expect.poll(() => stateOf(tab)).toEqual(over)
    }
  })

  it('is reached while all tabs are closed', async () => {
    scene = await open(`${option}: 1`)
    const page = await scene.tab()
    await logIn(page)
    await page.close()
    const closedAt = Date.now()
    await expect.poll(() => Date.now() - closedAt).toBeGreaterThan(1000)
    const next = await scene.tab()
    expect(await stateOf(next)).toEqual(over)
    expect(await get(next, '/api/me')).toBe(401)
    await expect.poll(() => scene.demo.stats.logouts).toBe(1)
  })
})

describe('maxIdle', () => {
  it('is put off for all tabs by requests of one, and by nothing that the others do', async () => {
    scene = await open('maxIdle: 3')
    const tabs = [await scene.tab(), await scene.tab(), await scene.tab()] as const
    await logIn(tabs[0])
    // Until the session would have ended twice.
    const statuses = await tabs[1].evaluate(async () => {
      const seen = new Set<number>()
      for (const until = Date.now() + 6000; Date.now() < until; ) {
        seen.add((await fetch('/api/me')).status)
        // Often enough, and no work for its own sake.
        await new Promise(resolve => setTimeout(resolve, 100))
      }
      return [...seen]
    })
    expect(statuses).toEqual([200])
    for (const tab of tabs) expect(await stateOf(tab)).toMatchObject({ status: 'authenticated' })
    for (const tab of tabs) {
      await expect.poll(() => stateOf(tab)).toEqual({ status: 'anonymous', reason: 'idle' })
    }
    expect(scene.demo.stats.logins).toBe(1)
  })
})

describe('maxAge', () => {
  it('ends a session that is in use', async () => {
    scene = await open('maxAge: 2')
    const page = await scene.tab()
    const other = await scene.tab()
    await logIn(page)
    await expect.poll(() => get(page, '/api/me')).toBe(401)
    for (const tab of [page, other]) expect(await stateOf(tab)).toEqual({ status: 'anonymous', reason: 'max_age' })
  })
})

it("with the refresh token in a cookie, a limit takes the server's cookie away", async () => {
  const setup = `RefreshWorker.setup({
    apiUrls: ['/api/'], useRefreshToken: true, refreshTokenIn: 'cookie', storage: 'memory', logoutUrl: '/auth/logout', maxIdle: 1
  })`
  const body = `importScripts('/refresh-worker.js'); ${setup}`
  scene = await Scene.open(browser, { cookie: true, files: { '/sw.js': { type: 'text/javascript', body } } })
  const page = await scene.tab()
  await logIn(page)
  await expect.poll(() => stateOf(page)).toEqual({ status: 'anonymous', reason: 'idle' })
  await expect.poll(() => scene.demo.stats.logouts).toBe(1)
  const refresh = page.evaluate(async () => {
    const headers = { 'Content-Type': 'application/json', 'X-Requested-With': 'refresh-worker' }
    const body = JSON.stringify({ grant_type: 'refresh_token' })
    return (await fetch('/auth/login', { method: 'POST', headers, body })).status
  })
  expect(await refresh).toBe(401)
  expect(scene.demo.stats).toMatchObject({ refreshes: 0, refreshFailures: 1 })
})
