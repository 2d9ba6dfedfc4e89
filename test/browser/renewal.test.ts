import { afterEach, describe, expect, it } from 'vitest'
import { ACCESS_TOKEN_PLACEHOLDER, REFRESH_TOKEN_PLACEHOLDER } from '../../src/protocol.ts'
import type { Tab } from './engines/engine.ts'
import { get, logIn, logInFor, Scene, untilStatus, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

/** As an OAuth library does, with what it found in the login's response; `count` times at once, not before `time`. */
function renew(tab: Tab, count: number, time = 0, refreshToken = REFRESH_TOKEN_PLACEHOLDER) {
  return tab.evaluate(
    async ({ count, time, refreshToken }) => {
      await new Promise(resolve => setTimeout(resolve, time - Date.now()))
      const post = async () => {
        const response = await fetch('/auth/login', {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ grant_type: 'refresh_token', refresh_token: refreshToken }),
        })
        return { status: response.status, body: await response.json() }
      }
      return Promise.all(Array.from({ length: count }, post))
    },
    { count, time, refreshToken },
  )
}

describe("a page's own renewal with the placeholder", () => {
  it('of two tabs, three times each, is one refresh, and no token comes to the page', async () => {
    scene = await Scene.open(browser)
    const tabs = [await scene.tab(), await scene.tab()] as const
    const expiresAt = await logInFor(scene, 4, tabs[0])
    await untilStatus(tabs[1], 'authenticated')

    const answers = await Promise.all(tabs.map(tab => renew(tab, 3, expiresAt - 1_500)))

    const { expires_in, ...rest } = answers[0]?.[0]?.body ?? {}
    expect(rest).toEqual({
      access_token: expect.stringContaining(ACCESS_TOKEN_PLACEHOLDER),
      refresh_token: expect.stringContaining(REFRESH_TOKEN_PLACEHOLDER),
      token_type: 'Bearer',
    })
    expect(expires_in).toBeGreaterThan(500)
    expect(answers.flat().map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
    expect(scene.demo.stats).toMatchObject({ logins: 1, refreshes: 1, refreshFailures: 0 })
    expect(await get(tabs[1], '/api/me')).toBe(200)
  })

  it('of nobody is an invalid_grant, and the placeholder never leaves the browser', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    expect(await renew(page, 1)).toEqual([
      { status: 400, body: { error: 'invalid_grant', error_description: expect.any(String) } },
    ])
    expect(scene.demo.log).toEqual([])
    await logIn(page)
    // One that is the page's own is the server's to judge.
    expect((await renew(page, 1, 0, 'made up'))[0]?.status).toBe(400)
    expect(scene.demo.log.map(({ kind, status }) => `${kind} ${status}`)).toEqual(['login 200', 'refresh 400'])
    expect(await get(page, '/api/me')).toBe(200)
  })
})
