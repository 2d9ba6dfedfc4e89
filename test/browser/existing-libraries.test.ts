/**
 * Libraries and applications that know nothing of the worker, unchanged (W62-W66): a cross-section, and with EVERYWHERE=1 all
 * of them.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, inject, it } from 'vitest'
import { ensurePackages } from '../../scripts/packages.mjs'
import { createPlaceholders } from '../../src/core/tokens/placeholder.ts'
import { type Backend, type BackendSite, openSite } from '../backends/backend.ts'
import * as libraries from '../libraries/libraries.ts'
import type { Tab } from './engines/engine.ts'
import { look, stateOf, untilStatus, useBrowser } from './harness.ts'
import { useSites } from './site.ts'

/** What each page can do, by its library. */
interface Page {
  started?(): Promise<void>
  logIn(): Promise<unknown>
  claims(): Promise<object>
  call(): Promise<boolean>
  renew(): Promise<boolean>
  logOut(): Promise<unknown>
  isLoggedIn(): Promise<boolean>
}

declare global {
  interface Window {
    code: Page
    isStarted: boolean
    /** All that it has got: see `record.js`. */
    seen: unknown[]
  }
}

const FOLDER = join(import.meta.dirname, '../libraries')
const NPM = join(import.meta.dirname, '../backends/npm')
/** Longer than an access token lives, and shorter than an id token (seconds). */
const LONG = 700

await ensurePackages(FOLDER)
await ensurePackages(NPM)
const all: libraries.Library[] = [
  ...Object.values(libraries),
  ...Object.values<libraries.Library>(await import(join(FOLDER, 'graphql.ts'))),
]

/** The page's script: the code, and one line more. */
async function bundle(name: string): Promise<string> {
  const contents = `
    import './record.js'
    import { register } from '../../dist/index.js'
    import * as code from './pages/${name}.js'
    window.auth = register('/sw.js')
    // Where one has not come about, it rejects, or says so.
    const settled = work => () => work().then(result => result !== false, () => false)
    window.code = { ...code, call: settled(code.call), renew: settled(code.renew) }
    window.auth.ready.then(async () => {
      await code.started?.()
      window.isStarted = true
    })`
  const stdin = { contents, resolveDir: FOLDER }
  const { outputFiles } = await build({ stdin, bundle: true, format: 'esm', write: false, logLevel: 'error' })
  return outputFiles.map(({ text }) => text).join()
}

const browser = useBrowser()
const openSiteFor = useSites<BackendSite>(browser, ({ came }) =>
  // Whatever has reached the server.
  expect(JSON.stringify(came)).not.toMatch(/refresh-worker-(access|refresh|id)-token/),
)

async function open(library: libraries.Library) {
  const server = await openSite({ ...library, api: { url: '/none' }, source: 'npm' } as unknown as Backend)
  const type = 'text/javascript'
  const body = `importScripts('refresh-worker.js', 'refresh-worker.presets.js')\nRefreshWorker.setup(${library.setup})\n`
  const site = await openSiteFor(server, {
    '/sw.js': { type, body },
    '/page.js': { type, body: await bundle(library.page) },
    '/app.html': {
      type: 'text/html',
      body: '<!doctype html><meta charset="utf-8"><title>test</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
    },
  })
  return { server, site }
}

/** Has the page do something that takes it elsewhere. */
const leave = (tab: Tab, work: string) => tab.evaluate(`void setTimeout(() => ${work})`).catch(() => undefined)
/** What it is at while it is on its way cannot be asked. */
const isTrue = (tab: Tab, work: string) => expect.poll(() => tab.evaluate(work).catch(() => null)).toBe(true)
const isStarted = (tab: Tab) => isTrue(tab, 'window.isStarted === true')

async function logIn(library: libraries.Library, tab: Tab) {
  if (library.isRedirect) await leave(tab, '((window.isStarted = false), code.logIn())')
  else await tab.evaluate(() => window.code.logIn().then(() => undefined))
  await isTrue(tab, 'window.isStarted && code.isLoggedIn()')
}

/** In a page: what it has got since it was loaded, and what its code keeps in databases, which is all but the worker's own. */
async function lookFurther(): Promise<string[]> {
  const found = [...window.seen].map(String)
  const settled = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  for (const { name } of await indexedDB.databases()) {
    if (!name || name === 'refresh-worker') continue
    const database = await settled(indexedDB.open(name))
    for (const store of database.objectStoreNames) {
      const objects = database.transaction(store).objectStore(store)
      found.push(JSON.stringify(await settled(objects.getAll())), JSON.stringify(await settled(objects.getAllKeys())))
    }
    database.close()
  }
  return found
}

/** Looks for tokens wherever a page can, while it is logged in. */
async function expectNoToken({ server }: { server: BackendSite }, tab: Tab) {
  const found = [...(await tab.evaluate(look)).map(([, text]) => text), ...(await tab.evaluate(lookFurther))]
  expect(server.secrets.size).toBeGreaterThan(0)
  for (const secret of server.secrets) expect(found.some(text => text.includes(secret))).toBe(false)
  // It has looked where they would be: in their place is what stands for them.
  expect(found.join()).toMatch(/refresh-worker-(access|refresh)-token/)
}

it('no library that verifies JWTs takes a placeholder (W55)', async () => {
  const jsonwebtoken = createRequire(join(FOLDER, 'package.json'))('jsonwebtoken')
  const secret = randomBytes(32)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const placeholderOf = createPlaceholders({ placeholders: 'jwt' }, 'session-a', Date.now())
  for (const [algorithm, key, verifier] of [
    ['HS256', secret, secret],
    ['RS256', rsa.privateKey, rsa.publicKey],
    ['none', null, null],
  ]) {
    const token = jsonwebtoken.sign({ sub: 'ada' }, key, { algorithm, expiresIn: 60 })
    const options = { algorithms: [algorithm] }
    expect(jsonwebtoken.verify(token, verifier, options)).toMatchObject({ sub: 'ada' })
    for (const kind of ['access', 'refresh', 'id'] as const) {
      const placeholder = placeholderOf(kind, token)
      expect(jsonwebtoken.decode(placeholder)).toMatchObject({ sub: 'ada' })
      expect(() => jsonwebtoken.verify(placeholder, verifier, options)).toThrow()
      for (const other of [secret, rsa.publicKey, null]) expect(() => jsonwebtoken.verify(placeholder, other)).toThrow()
    }
  }
})

const isHere = ({ needsSecureCookie, isLeftOut }: libraries.Library) =>
  (!needsSecureCookie || inject('engine') !== 'webkit') && (!isLeftOut || process.env.EVERYWHERE !== undefined)

describe.each(all.filter(isHere))('$title', library => {
  const number = library.number ? ` (${library.number})` : ''

  it(`logs in, knows its user, is refreshed once for three tabs and by itself, and logs out${number}`, async () => {
    const { server, site } = await open(library)
    const refreshes = () =>
      server.came.filter(({ method, url, body }) => {
        return method === 'POST' && url === library.refresh && /refresh/i.test(body + url)
      }).length
    const tab = await site.tab('/app.html')
    await isStarted(tab)
    await logIn(library, tab)
    await untilStatus(tab, 'authenticated')
    expect(await tab.evaluate(() => window.code.claims())).toMatchObject({ sub: 'ada' })
    const others = [await site.tab('/app.html'), await site.tab('/app.html')]
    const tabs = [tab, ...others]
    for (const tab of tabs) await isStarted(tab)
    const callAll = () => Promise.all(tabs.map(tab => tab.evaluate(() => window.code.call())))
    expect(await callAll()).toEqual([true, true, true])

    const renewAll = async () => {
      const renew = (tab: Tab) => tab.evaluate(() => window.code.renew())
      if (!library.renewsInTurn) return Promise.all(tabs.map(renew))
      const renewed: boolean[] = []
      for (const tab of tabs) renewed.push(await renew(tab))
      return renewed
    }

    // Its own refresh, where none is due.
    const before = refreshes()
    expect(await renewAll()).toEqual([true, true, true])
    expect(await callAll()).toEqual([true, true, true])
    const isGraphql = library.refresh === '/graphql'
    expect(refreshes() - before).toBe(isGraphql ? 1 : 0)

    if (library.refresh) {
      await site.advance(tab, LONG)
      const due = refreshes()
      expect(await renewAll()).toEqual([true, true, true])
      expect(await callAll()).toEqual([true, true, true])
      expect(refreshes() - due).toBe(1)
      await site.advance(tab, LONG)
      expect(await callAll()).toEqual([true, true, true])
      expect(refreshes() - due).toBe(2)
    }

    for (const tab of tabs) await expectNoToken(site, tab)

    if (library.leaves) {
      await leave(tab, '((window.isStarted = false), code.logOut())')
      await isTrue(tab, "location.pathname === '/app.html' && window.isStarted")
    } else await tab.evaluate(() => window.code.logOut().then(() => undefined))
    expect(await tab.evaluate(() => window.code.isLoggedIn())).toBe(false)
    if (!library.setup.includes("attach: 'placeholder'")) {
      for (const tab of tabs) await untilStatus(tab, 'anonymous')
      expect(await stateOf(tab)).toMatchObject({ reason: 'logout' })
    } else {
      // Of its own, which tells no server, the worker does not hear: that is said beside it.
      expect(await stateOf(tab)).toMatchObject({ status: 'authenticated' })
      await tab.evaluate(() => window.auth.logout().then(() => undefined))
      for (const tab of tabs) await untilStatus(tab, 'anonymous')
      expect(await others[0]?.evaluate(() => window.code.call())).toBe(false)
    }
    expect(await tab.evaluate(() => window.code.call())).toBe(false)
  })

  it('hears that a refresh is refused', async () => {
    const { server, site } = await open(library)
    const tab = await site.tab('/app.html')
    await isStarted(tab)
    await logIn(library, tab)
    await expectNoToken(site, tab)
    await server.backend.refuse()
    await site.advance(tab, LONG)
    expect(await tab.evaluate(() => window.code.call())).toBe(false)
    await untilStatus(tab, 'anonymous')
    expect(await tab.evaluate(() => window.code.renew())).toBe(false)
  })
})
