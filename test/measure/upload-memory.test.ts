/**
 * How much memory a browser takes for a large upload: without a worker, through one that only adds a header (what no
 * worker can do without), through ours, and through one of ours that keeps all of it.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { engine, launch, logIn, Scene } from '../browser/harness.ts'

const MIB = 1_048_576
const SIZE = 100 * MIB
const ROUNDS = 3

/** Receives, and forgets. */
const sink = createServer((request, response) => {
  const cors = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*, Authorization' }
  let size = 0
  request.on('data', ({ length }) => {
    size += length
  })
  request.on('end', () => response.writeHead(200, cors).end(String(size)))
})
const listening = new Promise<string>(resolve =>
  sink.listen(0, 'localhost', () => resolve(`http://localhost:${(sink.address() as AddressInfo).port}/`)),
)
afterAll(() => sink.close())

/** What all processes that this one has started take (MiB); what they share is counted once. */
function memory(): number {
  const children = new Map<string, string[]>()
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    const stat = read(`/proc/${pid}/stat`)
    const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? ''
    children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const sum = (pid: string): number =>
    (children.get(pid) ?? []).reduce((total, child) => total + pss(child) + sum(child), 0)
  return sum(String(process.pid)) / 1024
}

function pss(pid: string): number {
  return Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0)
}

/** Empty where the process has gone meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** A worker that adds a header to each request, and keeps nothing. */
const BARE = `
  addEventListener('install', () => skipWaiting())
  addEventListener('activate', event => event.waitUntil(clients.claim()))
  addEventListener('fetch', event => {
    if (event.request.method !== 'POST') return
    const headers = new Headers(event.request.headers)
    headers.set('Authorization', 'Bearer constant')
    event.respondWith(fetch(new Request(event.request, { headers })))
  })`

/** Without the helper: it would wait for a worker of ours. */
const PLAIN_PAGE = '<!doctype html><link rel="icon" href="data:,">'

type Way = 'no worker' | 'a bare worker' | { readonly replayBodyLimit: number }

/** The most memory that one upload takes above what was taken before (MiB). */
async function peakOf(way: Way): Promise<number> {
  const url = await listening
  const setup = JSON.stringify({ apiUrls: [url], useRefreshToken: true, ...(typeof way === 'object' ? way : {}) })
  const files = {
    '/sw.js': { type: 'text/javascript', body: `importScripts('/refresh-worker.js'); RefreshWorker.setup(${setup})` },
    '/bare.js': { type: 'text/javascript', body: BARE },
    '/plain.html': { type: 'text/html', body: PLAIN_PAGE },
  }
  const browser = await launch()
  const scene = await Scene.open(browser, { files })
  try {
    const page = typeof way === 'object' ? await scene.tab() : await scene.tab('/plain.html', { ready: false })
    if (typeof way === 'object') await logIn(page)
    if (way === 'a bare worker')
      await page.evaluate(async () => {
        const isControlled = new Promise(resolve => {
          navigator.serviceWorker.oncontrollerchange = resolve
        })
        await navigator.serviceWorker.register('/bare.js')
        await isControlled
      })
    await page.evaluate(size => Object.assign(window, { body: new Blob([new Uint8Array(size).fill(7)]) }) && null, SIZE)
    const before = memory()
    let peak = before
    let isDone = false
    const upload = page
      .evaluate(`fetch('${url}', { method: 'POST', body: window.body }).then(response => response.text())`)
      .finally(() => {
        isDone = true
      })
    while (!isDone) {
      peak = Math.max(peak, memory())
      await sleep(20)
    }
    expect(await upload).toBe(String(SIZE))
    return peak - before
  } finally {
    await scene.close()
    await browser.close()
  }
}

it('prints the memory that an upload of 100 MiB takes', { timeout: 600_000 }, async () => {
  const ways: [string, Way][] = [
    ['no worker', 'no worker'],
    ['a bare worker', 'a bare worker'],
    ['refresh-worker, 8 MiB kept for a replay', { replayBodyLimit: 8 * MIB }],
    ['refresh-worker, all of it kept', { replayBodyLimit: 2 * SIZE }],
  ]
  const peaks = new Map(ways.map(([name]) => [name, [] as number[]]))
  for (let round = 0; round < ROUNDS; round++) for (const [name, way] of ways) peaks.get(name)?.push(await peakOf(way))
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
  const floor = median(peaks.get('a bare worker') ?? [])
  for (const [name, values] of peaks)
    console.log(
      `${engine.name}: ${name}: ${median(values).toFixed(0)} MiB (${values.map(value => value.toFixed(0)).join(', ')}), ${(median(values) / floor).toFixed(2)} of a bare worker`,
    )
})
