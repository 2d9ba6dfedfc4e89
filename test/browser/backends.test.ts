/**
 * Servers as they are, each behind the worker with the few lines that docs/backends.md gives for it. Those of
 * `test/backends/emulators` have 700 packages: they run with EVERYWHERE=1.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ensurePackages } from '../../scripts/packages.mjs'
import { type Ask, type Backend, type BackendSite, openSite, withWords } from '../backends/backend.ts'
import { ofDebian } from '../backends/debian.ts'
import { documentOf, rowOf, sectionOf } from '../backends/document.ts'
import * as imitations from '../backends/imitations.ts'
import { own } from '../backends/own.ts'
import type { Tab } from './engines/engine.ts'
import { PAGE, stateOf, untilStatus, useBrowser } from './harness.ts'
import { useSites } from './site.ts'

declare global {
  interface Window {
    /** How many events have come. */
    ticks: number
  }
}

const BACKENDS = join(import.meta.dirname, '../backends')
const DOCUMENT = join(import.meta.dirname, '../../docs/backends.md')

/** Longer than any of them lets an access token live, in seconds. */
const LONG = 90_000

/** Of packages that are installed first, and so checked by a compiler of their own. */
async function load(...names: readonly string[]): Promise<readonly Backend[]> {
  const modules = await Promise.all(names.map(name => import(join(BACKENDS, `${name}.ts`))))
  return modules.flatMap(module => Object.values<Backend>(module).filter(({ setup }) => setup !== undefined))
}

await ensurePackages(join(BACKENDS, 'npm'))
const all: Backend[] = [own, ...(await load('npm/graphql', 'npm/better-auth', 'npm/feathers', 'npm/nest'))]
all.push(...(await ofDebian()))
if (process.env.EVERYWHERE) {
  await ensurePackages(join(BACKENDS, 'emulators'), '--ignore-scripts')
  all.push(...(await load('emulators/firebase', 'emulators/cognito')))
}
all.push(...Object.values(imitations))

const browser = useBrowser()
const openSiteFor = useSites<BackendSite>(browser)

const workerOf = (setup: string) =>
  `importScripts('refresh-worker.js', 'refresh-worker.presets.js')\nRefreshWorker.setup(${setup})\n`

async function open(backend: Backend) {
  const server = await openSite(backend)
  const site = await openSiteFor(server, {
    '/sw.js': { type: 'text/javascript', body: workerOf(withWords(backend.setup, server.backend)) },
    '/test.html': { type: 'text/html', body: PAGE },
  })
  const login: Ask = JSON.parse(withWords(JSON.stringify(backend.login), server.backend))
  return { server, site, login }
}

/** What a page gets. */
function send(tab: Tab, { url, ...init }: Ask) {
  return tab.evaluate(
    async ([url, init]) => {
      const response = await fetch(url, init)
      return { status: response.status, headers: JSON.stringify([...response.headers]), body: await response.text() }
    },
    [url, init] as const,
  )
}

/** Each backend's row of the table. */
const rows = new Map<Backend, readonly string[]>()

describe.each(all)('$title', backend => {
  const { api, isRefresh, isLogout } = backend
  const isIn = ({ status, body }: { status: number; body: string }) => status === 200 && /"ada\b/.test(body)
  const seen: string[] = []

  it('logs in, is refreshed once for five tabs, logs out, and a refusal ends the session', async () => {
    const { server, site, login } = await open(backend)
    const tabs = await site.tabs(5, '/test.html')
    const [tab] = tabs
    const askAll = () => Promise.all(tabs.map(tab => send(tab, api)))
    const refreshes = () => server.came.filter(came => isRefresh?.(came)).length

    // Nobody is logged in, and the server says so.
    expect(isIn(await send(tab, api))).toBe(false)
    const answer = await send(tab, login)
    expect(answer.status).toBeLessThan(300)
    const leaks = [...server.secrets].filter(secret => (answer.body + answer.headers).includes(secret))
    expect([server.secrets.size > 0, leaks.length]).toEqual([true, 0])
    await untilStatus(tab, 'authenticated')
    const answers = await askAll()
    expect(answers.map(isIn)).toEqual(Array(5).fill(true))
    const shown = [...server.secrets].filter(secret => JSON.stringify(answers).includes(secret))
    expect(shown.length).toBe(0)
    seen.push('yes')

    const before = refreshes()
    if (isRefresh) {
      await site.advance(tab, LONG)
      expect((await askAll()).map(isIn)).toEqual(Array(5).fill(true))
      expect(refreshes() - before).toBe(1)
      seen.push('one refresh')
    } else if (backend.isRolling) {
      for (let count = 0; count < 3; count++) expect((await askAll()).map(isIn)).toEqual(Array(5).fill(true))
      seen.push('a new token with each answer')
    } else {
      await site.advance(tab, LONG)
      expect((await askAll()).some(isIn)).toBe(false)
      for (const tab of tabs) await untilStatus(tab, 'anonymous')
      expect(await stateOf(tab)).toMatchObject({ reason: 'expired' })
      await send(tab, login)
      seen.push('the session ends, `expired`')
    }

    await tab.evaluate(() => window.auth.logout())
    for (const tab of tabs) await untilStatus(tab, 'anonymous')
    expect((await askAll()).some(isIn)).toBe(false)
    if (isLogout)
      await expect.poll(() => server.came.filter(came => isLogout(came) && came.status < 300).length).toBe(1)
    seen.push(isLogout ? 'in all tabs, and the server' : 'in all tabs')

    await send(tab, login)
    for (const tab of tabs) await untilStatus(tab, 'authenticated')
    if (isRefresh) {
      await server.backend.refuse()
      await site.advance(tab, LONG)
      expect((await askAll()).some(isIn)).toBe(false)
      for (const tab of tabs) await untilStatus(tab, 'anonymous')
      expect(await stateOf(tab)).toMatchObject({ reason: 'rejected' })
      seen.push('the session ends')
    } else seen.push('–')
    rows.set(backend, seen)
  })

  const { stream } = backend
  if (stream)
    it('has an answer stream at the URL of the login, while others log in and refresh there (W44)', async () => {
      const { server, site, login } = await open(backend)
      const tab = await site.tab('/test.html')
      await send(tab, login)
      await tab.evaluate(async ({ url, ...init }: Ask) => {
        const reader = (await fetch(url, init)).body?.pipeThrough(new TextDecoderStream()).getReader()
        window.ticks = 0
        void (async () => {
          for (let read = await reader?.read(); read && !read.done; read = await reader?.read())
            window.ticks += read.value.split('"ticks"').length - 1
        })()
      }, stream as Ask)
      const more = async () => {
        const before = await tab.evaluate(() => window.ticks)
        await expect.poll(() => tab.evaluate(() => window.ticks)).toBeGreaterThan(before + 1)
      }
      await more()
      await site.advance(tab, LONG)
      expect(isIn(await send(tab, api))).toBe(true)
      expect(server.came.filter(came => isRefresh?.(came))).toHaveLength(1)
      await more()
      await send(tab, login)
      await more()
    })
})

it('docs/backends.md says what was seen', async () => {
  if (process.env.UPDATE_DOCS) await writeFile(DOCUMENT, documentOf(rows))
  const document = await readFile(DOCUMENT, 'utf8')
  expect(rows.size).toBe(all.length)
  for (const [backend, seen] of rows) {
    expect(document).toContain(rowOf(backend, seen))
    expect(document).toContain(sectionOf(backend))
  }
})
