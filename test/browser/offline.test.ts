import { afterEach, describe, expect, it } from 'vitest'
import type { Tab } from './engines/engine.ts'
import { engine, logIn, logInFor, Scene, stateOf, untilStatus, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

/** Ten requests: what became of each. */
const call = (tab: Tab) =>
  tab.evaluate(() => {
    const one = () =>
      fetch('/api/me').then(
        response => response.status,
        error => String(error.name),
      )
    return Promise.all(Array.from({ length: 10 }, one))
  })

const callAll = async (tabs: readonly Tab[]) => [...new Set((await Promise.all(tabs.map(call))).flat())]

const lastRefresh = (tab: Tab) =>
  tab.evaluate(async () => (await window.auth.inspect()).worker.lastRefresh?.outcome ?? null)

const generation = async (tab: Tab) => {
  const state = await stateOf(tab)
  return state.status === 'authenticated' ? state.generation : null
}

/** Nothing listens any more, until `reopen`. */
async function vanish() {
  await scene.demo.close()
  return {
    reopen: () => {
      takesRefreshes = true
      return scene.demo.listen(Number(new URL(scene.origin).port))
    },
  }
}

let takesRefreshes: boolean

/** Three tabs with a session whose token expires while there is no network. */
async function openTabs(lifetime = 2) {
  takesRefreshes = false
  // One that comes before the network has gone, on a machine that is busy, is not to be answered.
  const beforeRefresh = () => (takesRefreshes ? undefined : new Promise<void>(() => undefined))
  scene = await Scene.open(browser, { beforeRefresh })
  const tabs = [await scene.tab(), await scene.tab(), await scene.tab()] as const
  await logInFor(scene, lifetime, tabs[0])
  for (const tab of tabs) await untilStatus(tab, 'authenticated')
  return tabs
}

describe('C20: while the server is out of reach, the session stays, and requests fail as network errors', () => {
  it('and the first request after it is back refreshes once, for all tabs', async () => {
    const tabs = await openTabs()
    const server = await vanish()
    await expect.poll(() => lastRefresh(tabs[0])).toBe('refresh_network_error')
    for (let round = 0; round < 3; round++) expect(await callAll(tabs)).toEqual(['TypeError'])
    for (const tab of tabs) expect(await stateOf(tab)).toMatchObject({ status: 'authenticated' })

    await server.reopen()
    // After the pause, which is ten seconds at most.
    await expect.poll(() => callAll(tabs)).toEqual([200])
    expect(scene.demo.stats).toMatchObject({ logins: 1, refreshes: 1, refreshFailures: 0, unauthorized: 0 })
  })

  it('and a page that comes back online needs no request of its own to refresh', async () => {
    const tabs = await openTabs()
    const server = await vanish()
    const fail = async () => {
      await callAll(tabs)
      return lastRefresh(tabs[0])
    }
    await expect.poll(fail).toBe('refresh_network_error')
    const before = await generation(tabs[0])

    await server.reopen()
    // Else a page asks half a minute later, which is more than this waits.
    const online = async () => {
      for (const tab of tabs) await tab.evaluate(() => dispatchEvent(new Event('online')))
      return generation(tabs[0])
    }
    await expect.poll(online).toBe((before ?? 0) + 1)
    expect(await callAll(tabs)).toEqual([200])
    expect(scene.demo.stats).toMatchObject({ logins: 1, refreshes: 1, refreshFailures: 0, unauthorized: 0 })
  })
})

it.runIf(engine.can.goOffline)(
  'C20: a browser without a network keeps the session, and the first request when it has one again refreshes once',
  async () => {
    const tabs = await openTabs(5)
    const before = await generation(tabs[0])
    await scene.profile.setOffline(true)
    takesRefreshes = true
    await expect.poll(() => lastRefresh(tabs[0])).toBe('refresh_network_error')
    for (let round = 0; round < 3; round++) expect(await callAll(tabs)).toEqual(['TypeError'])
    for (const tab of tabs) expect(await stateOf(tab)).toMatchObject({ status: 'authenticated' })

    await scene.profile.setOffline(false)
    // Pages and workers come back one after the other.
    await expect.poll(() => callAll(tabs)).toEqual([200])
    for (const tab of tabs) await expect.poll(() => generation(tab)).toBe((before ?? 0) + 1)
    expect(scene.demo.stats).toMatchObject({ logins: 1, refreshes: 1, refreshFailures: 0, unauthorized: 0 })
  },
)

it('R29: a logout without a network ends the session in every tab, and revokes the token when there is one soon', async () => {
  const setup =
    "RefreshWorker.setup({ apiUrls: ['/api/'], useRefreshToken: true, revocationUrl: '/auth/revoke', logoutUrl: '/auth/logout' })"
  const body = `importScripts('/refresh-worker.js'); ${setup}`
  scene = await Scene.open(browser, { files: { '/sw.js': { type: 'text/javascript', body } } })
  let revocations = 0
  scene.serve('/auth/revoke', (_, response) => {
    revocations++
    response.end()
  })
  const tabs = [await scene.tab(), await scene.tab()] as const
  await logIn(tabs[0])
  for (const tab of tabs) await untilStatus(tab, 'authenticated')
  const server = await vanish()
  await tabs[1].evaluate(() => window.auth.logout())
  await server.reopen()
  for (const tab of tabs) {
    await untilStatus(tab, 'anonymous')
    expect(await stateOf(tab)).toEqual({ status: 'anonymous', reason: 'logout' })
  }
  expect(await callAll(tabs)).toEqual([401])
  await expect.poll(() => revocations).toBe(1)
})
