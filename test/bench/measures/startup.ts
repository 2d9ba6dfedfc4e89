import { type Bench, type Measure, Samples, type Section, subject } from '../bench.ts'
import type { TraceEvent } from '../chromium.ts'
import { shown } from '../report.ts'
import { rotated } from '../statistics.ts'
import { MARKED, ONE_FILE } from '../subjects.ts'

const WORKERS = [
  { name: 'stored', title: 'bare worker, token from IndexedDB', one: subject('constant'), tag: 'stored' },
  { name: 'ours', title: 'refresh-worker', one: subject('ours'), tag: '' },
  { name: 'onefile', title: 'refresh-worker, built as one file', one: subject('ours'), tag: ONE_FILE },
]

/** What a worker notes of its own start, in this order as a rule; see pages/marks.js. */
const MARKS = ['begun', 'imported', 'opening', 'evaluated', 'opened', 'asked', 'read', 'sent'] as const

/** What the worker's thread works at, by what Chromium calls it. The compiling is a part of the evaluation. */
const WORK = {
  compiling: /^V8\.Compile(Script|Deserialize)$/,
  evaluating: /^(WorkerGlobalScope::RunWorkerScript|EvaluateScript)$/,
  'after that': /^(v8\.callFunction|RunMicrotasks|ServiceWorkerGlobalScope::DispatchFetchEvent.*)$/,
} as const
const CATEGORIES = [
  'v8',
  'devtools.timeline',
  'disabled-by-default-v8.compile',
  'blink',
  'blink.worker',
  'ServiceWorker',
]

/** The CPU time (milliseconds) of a worker's thread by what it works at, from its start until it has answered. */
function cpuTimes(events: readonly TraceEvent[]): Readonly<Record<keyof typeof WORK, number>> {
  const isWorker = ({ name, args }: TraceEvent) => name === 'thread_name' && /ServiceWorker/.test(args.name ?? '')
  const threads = new Set(events.filter(isWorker).map(({ pid, tid }) => `${pid} ${tid}`))
  const spans = events.filter(({ ph, pid, tid }) => ph === 'X' && threads.has(`${pid} ${tid}`))
  // The outer ones before those that lie in them, which are a part of their time.
  const inOrder = spans.sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0))
  const timeOf = (names: RegExp) => {
    let sum = 0
    let end = 0
    for (const { name, ts, dur = 0, tdur = 0 } of inOrder) {
      if (!names.test(name) || ts < end) continue
      sum += tdur
      end = ts + dur
    }
    return sum / 1000
  }
  const compiling = timeOf(WORK.compiling)
  return { compiling, evaluating: timeOf(WORK.evaluating) - compiling, 'after that': timeOf(WORK['after that']) }
}

/** Where the time goes between the stop of a worker and the first request that it sends. */
async function run(bench: Bench): Promise<Section> {
  const samples = Object.fromEntries(MARKS.map(mark => [mark, new Samples()]))
  const cpu = Object.fromEntries(Object.keys(WORK).map(kind => [kind, new Samples()]))
  const rounds = bench.rounds(20)
  for (let round = 0; round <= rounds; round++)
    for (const { name, one, tag } of rotated(WORKERS, round))
      await bench.attempt(one, 'startup', async () => {
        const tab = await bench.open(one, MARKED + tag)
        try {
          await bench.browser.stopWorkers(tab)
          await tab.measure('once', { url: '/api/item' })
          const marks = await tab.evaluate<Record<string, number>>(`fetch('/marks').then(response => response.json())`)
          if (round === 0) return
          for (const mark of MARKS) {
            const time = marks[mark]
            if (time !== undefined) samples[mark]?.add(name, round, time)
          }
        } finally {
          await tab.close()
        }
      })
  for (const { name, one, tag } of WORKERS)
    await bench.attempt(one, 'startup', async () => {
      // One for all rounds: a process that begins or ends makes the browser's tracing wait.
      const tab = await bench.open(one, tag)
      try {
        for (let round = 0; round <= rounds; round++) {
          await bench.browser.stopWorkers(tab)
          const events = await bench.browser.trace(CATEGORIES, () => tab.measure('once', { url: '/api/item' }))
          if (round === 0) continue
          for (const [kind, time] of Object.entries(cpuTimes(events))) cpu[kind]?.add(name, round, time)
        }
      } finally {
        await tab.close()
      }
    })
  return {
    title: 'Where the start goes',
    text: 'After a stop: when what happens first in the worker, in milliseconds since the browser began to start it. `asked` is the event of the request, `sent` the request to the server. Below, the CPU time in milliseconds that the worker’s thread spends on it until it has answered, by Chromium’s own tracing: to read the compiled script from its cache, to evaluate it, and after that. What comes after that goes on, as far as it can, while the event is on its way.',
    tables: [
      {
        head: ['', ...MARKS],
        rows: WORKERS.map(({ name, title }) => [
          title,
          ...MARKS.map(mark => shown(samples[mark] as Samples, name, '')),
        ]),
      },
      {
        head: ['', ...Object.keys(WORK)],
        rows: WORKERS.map(({ name, title }) => [
          title,
          ...Object.keys(WORK).map(kind => shown(cpu[kind] as Samples, name, '')),
        ]),
      },
    ],
    targets: [],
  }
}

export const startup: Measure = { name: 'startup', run }
