import { afterEach, describe, expect, it } from 'vitest'
import { barrier, get, logIn, logInFor, Scene, untilStatus, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

describe('a user switch', () => {
  it('is told to a tab before it gets any answer of the new user (N14)', async () => {
    scene = await Scene.open(browser)
    const tab = await scene.tab()
    const other = await scene.tab()
    for (let round = 0; round < 5; round++) {
      await logIn(other, 'ada', 'lovelace')
      const seen = await tab.evaluateHandle(() => {
        const events: string[] = []
        let isOver = false
        const end = window.auth.subscribe(state => {
          if (state.status === 'authenticated') events.push(`told ${state.claims.sub}`)
        })
        const work = (async () => {
          while (!isOver) events.push(`answer of ${(await (await fetch('/api/me')).json()).sub}`)
          end()
          return events
        })()
        return {
          stop: () => {
            isOver = true
            return work
          },
        }
      })
      await logIn(other, 'grace', 'hopper')
      const events = await seen.evaluate(async ({ stop }) => {
        await fetch('/api/me')
        return stop()
      })
      expect(events).toContain('answer of ada')
      const told = events.indexOf('told grace')
      expect(told).toBeGreaterThan(-1)
      expect(events.slice(0, told)).not.toContain('answer of grace')
    }
  })

  it('fails what the user before had waiting for a refresh, and sends it to nobody (N13)', async () => {
    const refresh = barrier()
    scene = await Scene.open(browser, { beforeRefresh: refresh.pass })
    const tab = await scene.tab()
    const other = await scene.tab()
    await logInFor(scene, 1, tab)
    await refresh.reached
    const post = tab.evaluate(() =>
      fetch('/api/echo', { method: 'POST', body: '"of ada"', headers: { 'Content-Type': 'application/json' } }).then(
        response => response.status,
        error => error.name,
      ),
    )
    await logIn(other, 'grace', 'hopper')
    refresh.open()
    expect(await post).toBe('TypeError')
    expect(scene.demo.log.filter(({ path }) => path === '/api/echo')).toEqual([])
    expect(await get(tab, '/api/me')).toBe(200)
    expect(scene.demo.stats.logins).toBe(2)
  })
})

describe('another origin', () => {
  const workerOf = (options: string) => ({
    type: 'text/javascript',
    body: `importScripts('/refresh-worker.js'); RefreshWorker.setup({ useRefreshToken: true, ${options} })`,
  })

  it('that is the token endpoint and has no CORS headers is a network error; the session stays (B7)', async () => {
    const elsewhere = await Scene.open(browser)
    scene = await Scene.open(browser, {
      files: { '/sw.js': workerOf(`apiUrls: ['/api/'], refreshTokenUrl: '${elsewhere.origin}/auth/login'`) },
    })
    const page = await scene.tab()
    await logIn(page)
    await untilStatus(page, 'authenticated')
    expect(await page.evaluate(() => window.auth.updateToken().catch(({ code }) => code))).toBe('refresh_network_error')
    expect(await get(page, '/api/me')).toBe(200)
    expect(elsewhere.demo.stats).toMatchObject({ refreshes: 0, refreshFailures: 0 })
    await elsewhere.close()
  })

  it('that is the API and has no CORS headers on its 401 is a network error, and no reason to refresh (B8)', async () => {
    const elsewhere = await Scene.open(browser)
    scene = await Scene.open(browser, { files: { '/sw.js': workerOf(`apiUrls: ['${elsewhere.origin}/api/']`) } })
    const page = await scene.tab()
    await logIn(page)
    await untilStatus(page, 'authenticated')
    const call = (url: string) =>
      fetch(url).then(
        response => response.status,
        error => error.name,
      )
    for (let n = 0; n < 5; n++) expect(await page.evaluate(call, `${elsewhere.origin}/api/me`)).toBe('TypeError')
    expect(scene.demo.stats).toMatchObject({ refreshes: 0, refreshFailures: 0 })
    await elsewhere.close()
  })
})
