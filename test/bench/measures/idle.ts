import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, type Measure, type Section, subject } from '../bench.ts'
import { Chromium } from '../chromium.ts'
import { exactly, number } from '../report.ts'
import { SUBJECTS, type Subject } from '../subjects.ts'

const MINUTE = 60_000
/** What starting up still has to do (milliseconds). */
const SETTLING = 15_000

/** Counts what a page and its worker say to each other, and update checks: runs before the page's own scripts. */
const COUNT = `{
  const counts = globalThis.benchCounts = { messages: 0, timers: 0, updates: 0 }
  const counted = (prototype, name, what) => {
    const original = prototype[name]
    prototype[name] = function (...args) {
      counts[what]++
      return original.apply(this, args)
    }
  }
  counted(ServiceWorker.prototype, 'postMessage', 'messages')
  counted(ServiceWorkerRegistration.prototype, 'update', 'updates')
  navigator.serviceWorker.addEventListener('message', () => counts.messages++)
  new BroadcastChannel('bench-count').onmessage = ({ data }) => data === 'timer' ? counts.timers++ : counts.messages++
}`

interface Idle {
  readonly requests: number
  readonly messages: number
  readonly timers: number
  readonly updates: number
  readonly cpu: number
  readonly written: number
  readonly files: number
}

/** One tab that is logged in and left alone, each in a browser of its own, all in the same minute. */
async function run(bench: Bench): Promise<Section> {
  const found = new Map<Subject, Idle>()
  await Promise.all(
    SUBJECTS.map(one =>
      bench.attempt(one, 'idle', async () => {
        const browser = await Chromium.launch()
        try {
          const site = bench.site(one, 'idle')
          const tab = await browser.open(`${site.origin}/`, COUNT)
          await sleep(SETTLING)
          await tab.evaluate('void Object.assign(benchCounts, { messages: 0, timers: 0, updates: 0 })')
          const before = { ...browser.usage(), requests: site.counts.requests, files: browser.storedFiles() }
          await sleep(MINUTE)
          const after = { ...browser.usage(), requests: site.counts.requests, files: browser.storedFiles() }
          const counts = await tab.evaluate<Pick<Idle, 'messages' | 'timers' | 'updates'>>('benchCounts')
          const changed = [...after.files].filter(([path, version]) => before.files.get(path) !== version)
          found.set(one, {
            ...counts,
            requests: after.requests - before.requests,
            cpu: after.cpu - before.cpu,
            written: after.written - before.written,
            files: changed.length,
          })
        } finally {
          await browser.close()
        }
      }),
    ),
  )
  const row = (one: Subject) => {
    const idle = found.get(one)
    if (!idle) return [one.title, ...Array.from({ length: 7 }, () => 'could not be run')]
    const { requests, messages, timers, updates, cpu, written, files } = idle
    const counts = [requests, messages, one.hasWorker ? timers : '–', updates].map(String)
    return [one.title, ...counts, `${number(cpu)} ms`, `${number(written / 1000)} kB`, String(files)]
  }
  const [plain, ours] = (['plain', 'ours'] as const).map(name => found.get(subject(name)))
  const zero = (what: string, count: number | undefined) => exactly(`idle minute: ${what}`, count ?? Number.NaN, 0)
  return {
    title: 'An idle minute',
    text: 'One tab, logged in with a token of a day, that nobody touches: requests to the server, messages between page and worker, timers that the worker starts, calls of `update()`, CPU time and bytes written to disk by all processes of the browser (which has work of its own: see the first row), and files of the profile that hold sites’ data (IndexedDB, local storage, caches) and have changed.',
    tables: [
      {
        head: ['', 'requests', 'messages', 'worker timers', 'update checks', 'CPU', 'written', 'files changed'],
        rows: SUBJECTS.map(row),
      },
    ],
    targets: [
      zero('requests', ours?.requests),
      zero('messages', ours?.messages),
      zero('timers in the worker', ours?.timers),
      zero(
        'files of site data that changed, beyond those without a worker',
        Math.max(0, (ours?.files ?? Number.NaN) - (plain?.files ?? Number.NaN)),
      ),
    ],
  }
}

export const idle: Measure = { name: 'idle', run }
