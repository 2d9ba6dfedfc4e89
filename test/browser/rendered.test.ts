/**
 * Applications that a server renders, built for production, with a session in cookies. Next and React Router run with
 * EVERYWHERE=1: they take a while to install and build.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ensurePackages } from '../../scripts/packages.mjs'
import { freePort, start } from '../backends/processes.ts'
import type { Profile, Tab } from './engines/engine.ts'
import { Example } from './example.ts'
import { stateOf, untilStatus, useBrowser } from './harness.ts'

/** Of an access token, in seconds. */
const LIFETIME = 3

interface Application {
  readonly name: string
  /** Where its pages are that are for who is logged in. */
  readonly path: string
  /** How it is started, in its folder. */
  readonly command: (port: number) => readonly string[]
}

const applications: Application[] = [{ name: 'sveltekit', path: '/app', command: () => ['build'] }]
if (process.env.EVERYWHERE)
  applications.push(
    {
      name: 'react-router',
      path: '/app',
      command: () => ['node_modules/@react-router/serve/bin.js', './build/server/index.js'],
    },
    {
      name: 'next',
      path: '/dashboard',
      command: port => ['node_modules/next/dist/bin/next', 'start', '-p', String(port)],
    },
  )

const browser = useBrowser()
let profile: Profile | undefined
afterEach(async () => {
  await profile?.close()
  profile = undefined
})

const text = (tab: Tab) => tab.evaluate(() => document.body.innerText).catch(() => '')
const isReady = (tab: Tab) =>
  expect.poll(() => tab.evaluate(() => window.auth?.ready.then(() => true)).catch(() => null)).toBe(true)

/** From now on the page's helper asks for nothing by itself, as in a tab that is behind another. */
const hide = (tab: Tab) =>
  tab.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' })
    document.dispatchEvent(new Event('visibilitychange'))
  })

/** Waits until the access token that an open page has is sure to have expired. */
async function untilExpiredIn(tab: Tab) {
  await hide(tab)
  const at = Date.now() + LIFETIME * 1000
  await expect.poll(() => Date.now() > at, { timeout: 2 * LIFETIME * 1000 }).toBe(true)
}

/**
 * That since then the session was refreshed, and never twice for one expiry: a page that is seen may have asked for the
 * next one already, which is due after four fifths of a life.
 */
async function expectOneRefresh(tab: Tab, since: number) {
  const { worker } = await tab.evaluate(() => window.auth.inspect())
  const recent = worker.refreshes.filter(({ at }) => at >= since)
  expect(recent.map(({ outcome }) => outcome)).toEqual(recent.map(() => 'refreshed'))
  const [first, ...others] = recent.map(({ at }) => at)
  expect(first).toBeDefined()
  const gaps = others.map((at, index) => at - (recent[index]?.at ?? 0))
  expect(gaps.filter(gap => gap < 0.75 * LIFETIME * 1000)).toEqual([])
}

/** Leaves the application, so that no page keeps the session fresh, until its access token has expired. */
async function untilExpired(tabs: readonly Tab[]) {
  for (const tab of tabs) await tab.goto('about:blank')
  const at = Date.now() + LIFETIME * 1000
  await expect.poll(() => Date.now() > at, { timeout: 2 * LIFETIME * 1000 }).toBe(true)
}

describe.each(applications)('$name', ({ name, path, command }) => {
  let origin = ''
  let stop: (() => Promise<void>) | undefined

  beforeAll(async () => {
    const example = new Example(name)
    await ensurePackages(example.folder)
    await example.run('npm', 'run', 'build')
    const port = await freePort()
    origin = `http://localhost:${port}`
    stop = await start({
      command: 'node',
      args: command(port),
      cwd: example.folder,
      env: { PORT: String(port), ORIGIN: origin, LIFETIME: String(LIFETIME), NODE_ENV: 'production' },
      url: origin,
    })
  }, 300_000)
  afterAll(() => stop?.())

  async function logIn(tab: Tab) {
    await tab.goto(`${origin}${path}`)
    expect(await text(tab)).toContain('Log in')
    await isReady(tab)
    await tab.evaluate(() => document.querySelector('form')?.submit())
    await expect.poll(() => text(tab)).toContain('Logged in: ada')
    await isReady(tab)
    await untilStatus(tab, 'authenticated')
  }

  it('renders pages for who is logged in, after an expiry too, in two tabs, by one refresh (K13)', async () => {
    profile = await browser.newProfile()
    const tab = await profile.newTab()
    const other = await profile.newTab()
    await logIn(tab)
    expect(await stateOf(tab)).toMatchObject({ claims: { user: 'ada' } })
    await untilExpired([tab])
    const before = Date.now()
    await Promise.all([tab.goto(`${origin}${path}`), other.goto(`${origin}${path}/other`)])
    expect(await text(tab)).toContain('Logged in: ada')
    expect(await text(other)).toContain('Only for ada')
    await isReady(tab)
    await expectOneRefresh(tab, before)
  })

  it('renders a page that is reloaded after an expiry for its user, by one refresh (K13)', async () => {
    profile = await browser.newProfile()
    const tab = await profile.newTab()
    await logIn(tab)
    await untilExpiredIn(tab)
    const before = Date.now()
    await tab.reload()
    expect(await text(tab)).toContain('Logged in: ada')
    await isReady(tab)
    await expectOneRefresh(tab, before)
  })

  it('follows a link after an expiry: what the router asks for waits for one refresh (K24)', async () => {
    profile = await browser.newProfile()
    const tab = await profile.newTab()
    await logIn(tab)
    const rendered = await tab.evaluate(() => performance.timeOrigin)
    await untilExpiredIn(tab)
    const before = Date.now()
    await tab.evaluate(() => document.querySelector<HTMLElement>('a[href$="/other"]')?.click())
    await expect.poll(() => text(tab)).toContain('Only for ada')
    // By the router, in the same document.
    expect(await tab.evaluate(() => performance.timeOrigin)).toBe(rendered)
    await expectOneRefresh(tab, before)
  })

  it('logs out in every tab, and at the server', async () => {
    profile = await browser.newProfile()
    const tab = await profile.newTab()
    const other = await profile.newTab()
    await logIn(tab)
    await other.goto(`${origin}${path}`)
    await isReady(other)
    await untilStatus(other, 'authenticated')
    await tab.evaluate(() => document.querySelector('button')?.click())
    for (const each of [tab, other]) await expect.poll(() => text(each)).toContain('Log in')
    await other.goto(`${origin}${path}`)
    expect(await text(other)).toContain('Log in')
  })
})
