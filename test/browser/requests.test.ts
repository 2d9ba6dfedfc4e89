import { mkdirSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { CANARY, type Echo, openEcho, type Seen } from '../servers/echo.ts'
import { openUploadApp } from '../servers/http2.ts'
import type { Browser, Profile, Tab } from './engines/engine.ts'
import { engine, host, inPageScript, launch } from './harness.ts'
import { idOf, MEDIA_PAGE, OWN_PAGE, PAGE } from './requests/at.ts'
import { BODIES, CASES } from './requests/cases.ts'
import { type Differences, differences, type Outcome } from './requests/differences.ts'
import { FETCH_SUITE } from './requests/fetch-suite.ts'
import { HEADERS, KNOWN } from './requests/known.ts'

/** Where scripts/engines-table.mjs finds what has come out. */
const REPORTS = 'node_modules/.cache/refresh-worker/engines'

const all = [...CASES, ...FETCH_SUITE]
const rows = [...new Set(all.map(({ row }) => row))]
if (new Set(all.map(idOf)).size < all.length) throw new Error('two cases have the same id')

interface Entry {
  readonly says: string
  readonly why: string
}

const BODIES_ROW = 'Request bodies: JSON, text, forms with files, blobs, buffers, none'
const AS_IT_SHOULD: Entry = { says: 'yes', why: '' }
const SENT_AGAIN: Entry = {
  says: 'is sent again all the same',
  why: 'Firefox shares the bytes of a body between copies, so keeping one costs nothing.',
}
const GETS_THE_401: Entry = { says: 'gets the 401; the next request has a fresh token', why: '' }

const text = (body: string, type = 'text/plain') => ({ type, body })
const script = (body: string) => text(body, 'text/javascript')

/** A worker that does as it is told by the page: dedicated, shared, or from a blob. */
const ASKED = `
const serve = port => {
  port.onmessage = async ({ data }) => {
    const { status, type, url, headers, body } = await fetch(data).then(
      async response => ({ ...look(response), body: await response.text() }),
      error => ({ body: error.name }),
    )
    port.postMessage({ status, type, url, headers, body })
  }
}
const look = ({ status, type, url, headers }) => ({ status, type, url, headers: Object.fromEntries(headers) })
if (self.SharedWorkerGlobalScope) onconnect = ({ ports }) => serve(ports[0])
else serve(self)`

/** The script of the service worker, with options as source. */
const authorizing = (apiUrls: string, options = '') => `importScripts('/refresh-worker.js')
RefreshWorker.setup({ apiUrls: ${apiUrls}, useRefreshToken: true, ${options} })`

let echo: Echo
let browser: Browser
let profile: Profile
let page: Tab
let without: ReadonlyMap<string, Outcome>
let behind: ReadonlyMap<string, Outcome>
/** How many tests have failed. */
let failures = 0
/** What docs/engines.md is to say, by row; nothing where all is as without a worker. */
const report = new Map<string, readonly Entry[]>()

beforeAll(async () => {
  echo = await openEcho()
  await serve(echo)
  browser = await launch()

  const plain = await browser.newProfile()
  without = outcomes(await run(await plain.newTab(), PAGE), await run(await plain.newTab(), MEDIA_PAGE))
  await plain.close()

  echo.reset()
  profile = await browser.newProfile()
  page = await profile.newTab()
  behind = outcomes(await run(page, PAGE, '/sw.js'), await run(await profile.newTab(), MEDIA_PAGE, '/media/sw.js'))
})

afterEach(({ task }) => {
  if (task.result?.state === 'fail') failures++
})

afterAll(async () => {
  await profile.close()
  await browser.close()
  await echo.close()
  const isComplete = failures === 0 && rows.every(row => report.has(row))
  const result = { engine: engine.name, version: profile.version, isComplete, rows: Object.fromEntries(report) }
  mkdirSync(REPORTS, { recursive: true })
  writeFileSync(`${REPORTS}/${engine.name}${host === 'page' ? '-page' : ''}.json`, JSON.stringify(result, null, 2))
})

async function serve({ files, other }: Echo) {
  const bundle = await build({
    entryPoints: ['test/browser/requests/page.ts'],
    bundle: true,
    format: 'iife',
    write: false,
  })
  const html =
    '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script src="/cases.js"></script><body>'
  for (const path of [PAGE, MEDIA_PAGE, OWN_PAGE]) files.set(path.replace(/\?.*/, ''), text(html, 'text/html'))
  files.set('/cases.js', script(bundle.outputFiles[0]?.text ?? ''))
  files.set('/worker.js', script(ASKED))
  files.set('/public.txt', text('public'))
  const apiUrls = JSON.stringify(['/api/', `${other}/api/`])
  const scripts = {
    '/sw.js': authorizing(apiUrls),
    '/media/sw.js': authorizing(apiUrls, "destinations: ['', 'image', 'audio', 'video']"),
    '/own/sw.js': authorizing(
      "[url => url.pathname.startsWith('/api/')]",
      'exposeAccessToken: true, replayBodyLimit: 1_000',
    ),
  }
  for (const [path, body] of Object.entries(scripts)) {
    files.set(path, script(body))
    files.set(inPagePath(path), script(inPageScript(body)))
  }
}

/** Where the script is by which a page keeps the session itself. */
function inPagePath(worker: string): string {
  return worker.replace('sw.js', 'in-page.js')
}

/** Has the worker, or the page in its place, authorize what a page sends. */
function start(tab: Tab, worker: string) {
  return tab.evaluate(
    ([url = '', inPage]) => window.start(url, inPage),
    host === 'page' ? [worker, inPagePath(worker)] : [worker],
  )
}

/** Runs the cases of a page, behind a worker or without one. */
async function run(tab: Tab, path: string, worker?: string) {
  await tab.goto(echo.origin + path)
  if (worker) await start(tab, worker)
  return tab.evaluate(([on = '', other = '']) => window.runCases(on, other), [path, echo.other])
}

function outcomes(...seen: readonly Readonly<Record<string, unknown>>[]): ReadonlyMap<string, Outcome> {
  return new Map(
    Object.entries(Object.assign({}, ...seen)).map(([id, page]) => [
      id,
      { page, server: [...(echo.seen.get(id) ?? [])], isPreflighted: echo.preflighted.has(id) },
    ]),
  )
}

/** Which of the headers that are not compared were different, in any case. */
function ignoredOnes(): string[] {
  const names = new Set<string>()
  for (const one of all) {
    const [before, after] = [without.get(idOf(one)), behind.get(idOf(one))]
    for (const path of Object.keys(before && after ? differences(one, before, after, new Set()) : {}))
      for (const name of HEADERS[engine.name].names) if (path.endsWith(`.headers.${name}`)) names.add(name)
  }
  return [...names].sort()
}

function tell(row: string, ...entries: readonly Entry[]) {
  report.set(
    row,
    entries.map(({ says, why }) => ({ says, why })),
  )
}

/** What is the same where a body had to be rebuilt: Chromium's client hints go then. */
function withoutHints(seen: Seen | undefined) {
  const headers = Object.entries(seen?.headers ?? {}).filter(([name]) => !name.startsWith('sec-ch-ua'))
  return { ...seen, token: null, headers: Object.fromEntries(headers) }
}

/** Whose credentials the requests of a case have carried. */
function tokens(id: string) {
  return echo.seen.get(id)?.map(({ token }) => token)
}

function found(row: string): Record<string, Differences> {
  const ignored = new Set(HEADERS[engine.name].names)
  const ofRow = all.filter(one => one.row === row)
  const entries = ofRow.map(one => {
    const id = idOf(one)
    const [before, after] = [without.get(id), behind.get(id)]
    if (!before || !after) throw new Error(`${id} has not run`)
    return [one.name, nameOrigins(differences(one, before, after, ignored))] as const
  })
  return Object.fromEntries(entries.filter(([, different]) => Object.keys(different).length > 0))
}

/** Ports are others each time. */
function nameOrigins(different: Differences): Differences {
  return JSON.parse(JSON.stringify(different).replaceAll(echo.origin, 'APP').replaceAll(echo.other, 'OTHER'))
}

function known(row: string): Record<string, Differences> {
  const merged: Record<string, Differences> = {}
  for (const { cases } of knownOf(row))
    for (const [name, different] of Object.entries(cases)) merged[name] = { ...merged[name], ...different }
  return merged
}

function knownOf(row: string) {
  return KNOWN.filter(one => one.row === row && one.engines.includes(engine.name) && (one.host ?? 'worker') === host)
}

describe('G9, P5, P6: an intercepted request behaves as without a worker', () => {
  it.each(rows)('%s', row => {
    expect(found(row)).toEqual(known(row))
    tell(row, ...knownOf(row))
  })

  it('Headers that the browser adds', () => {
    const { names, ...text } = HEADERS[engine.name]
    expect(ignoredOnes()).toEqual([...names].sort())
    tell('Headers that the browser adds', ...(names.length > 0 ? [text] : []))
  })

  it('and neither pages nor the console show a token', () => {
    expect(JSON.stringify([...behind.values()].map(({ page }) => page))).not.toContain(CANARY)
    expect(profile.console.filter(line => line.includes(CANARY))).toEqual([])
  })
})

describe('G10: a request that meets a 401', () => {
  it('is sent again with the same bytes and headers, whatever its body is', async () => {
    const refreshes = echo.refreshes()
    const statuses = await page.evaluate(() => window.replayAll())
    for (const [name, status] of Object.entries(statuses)) {
      const [first, second, ...more] = echo.seen.get(idOf({ row: 'replay', name })) ?? []
      expect([name, status, first?.token, second?.token, more]).toEqual([name, 200, 'stale', 'good', []])
      expect(withoutHints(second)).toEqual(withoutHints(first))
      expect(first?.body).toEqual(without.get(idOf({ row: BODIES_ROW, name }))?.server[0]?.body)
    }
    expect(Object.keys(statuses)).toEqual(Object.keys(BODIES))
    expect(echo.refreshes() - refreshes).toBe(Object.keys(BODIES).length)
    tell('After a 401: sent again with the same bytes and headers', AS_IT_SHOULD)
  })

  it('is sent again where its body is within the limit; above, it gets the 401, and the next one a fresh token', async () => {
    const own = await profile.newTab()
    await own.goto(echo.origin + OWN_PAGE)
    await start(own, '/own/sw.js')
    const refreshes = echo.refreshes()
    expect(await own.evaluate(() => window.replayBytes(1_000))).toEqual([200, 200])
    expect(echo.refreshes() - refreshes).toBe(1)
    // Firefox has no stream to be cut short, and keeps no second copy.
    const isKept = engine.name === 'firefox'
    expect(await own.evaluate(() => window.replayBytes(1_001))).toEqual([isKept ? 200 : 401, 200])
    expect(echo.refreshes() - refreshes).toBe(2)
    expect(tokens('replay-of-1001')).toEqual(isKept ? ['stale', 'good', 'good'] : ['stale', 'good'])
    tell('After a 401: a body above `replayBodyLimit`', isKept ? SENT_AGAIN : GETS_THE_401)
    await own.close()
  })
})

describe('C27: a synchronous XMLHttpRequest', () => {
  it('is authorized by the page itself, where the worker hands the token out', async () => {
    const own = await profile.newTab()
    await own.goto(echo.origin + OWN_PAGE)
    await start(own, '/own/sw.js')
    expect(await own.evaluate(() => window.askSynchronously())).toEqual([200, 'welcome'])
    expect(tokens('synchronously')).toEqual(['good'])
    tell('Synchronous XMLHttpRequest with a token from `getAccessToken()`', AS_IT_SHOULD)
    await own.close()
  })
})

describe('G9: a body in a stream', () => {
  it.runIf(engine.name === 'chromium')('reaches the server chunk by chunk over HTTP/2', async context => {
    const app = await openUploadApp(authorizing("['/api/']"), CANARY)
    if (!app) return context.skip('there is no openssl')
    const args = ['--no-sandbox', '--disable-gpu', '--ignore-certificate-errors']
    const trusting = await chromium.launch({ executablePath: inject('executable'), args })
    try {
      for (const worker of [null, '/sw.js']) {
        const context = await trusting.newContext({ ignoreHTTPSErrors: true })
        const tab = await context.newPage()
        await tab.goto(app.origin)
        expect(await tab.evaluate(`(${STREAM})(${JSON.stringify(worker)})`)).toBe('received')
        await context.close()
      }
      expect(app.uploads).toEqual([
        [false, 'one,two'],
        [true, 'one,two'],
      ])
      tell('A body in a stream, over HTTP/2')
    } finally {
      await trusting.close()
      app.close()
    }
  })
})

/** Sends a second chunk only when the server has the first. */
const STREAM = `async worker => {
  const { serviceWorker } = navigator
  if (worker) {
    const controlled = new Promise(resolve => { serviceWorker.oncontrollerchange = resolve })
    await serviceWorker.register(worker)
    await controlled
    await fetch('/auth/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })
  }
  const arrived = fetch('/arrived')
  const chunks = [() => 'one,', async () => { await arrived; return 'two' }]
  const body = new ReadableStream({
    async pull(controller) {
      const chunk = chunks.shift()
      if (chunk) controller.enqueue(new TextEncoder().encode(await chunk()))
      else controller.close()
    },
  }, { highWaterMark: 0 })
  return (await fetch('/api/upload', { method: 'POST', body, duplex: 'half' })).text()
}`
