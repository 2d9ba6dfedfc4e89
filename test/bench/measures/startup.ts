import { type Bench, type Measure, Samples, type Section, subject } from '../bench.ts'
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

/** Where the time goes between the stop of a worker and the first request that it sends. */
async function run(bench: Bench): Promise<Section> {
  const samples = Object.fromEntries(MARKS.map(mark => [mark, new Samples()]))
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
  return {
    title: 'Where the start goes',
    text: 'After a stop: when what happens first in the worker, in milliseconds since the browser began to start it. `asked` is the event of the request, `sent` the request to the server.',
    tables: [
      {
        head: ['', ...MARKS],
        rows: WORKERS.map(({ name, title }) => [
          title,
          ...MARKS.map(mark => shown(samples[mark] as Samples, name, '')),
        ]),
      },
    ],
    targets: [],
  }
}

export const startup: Measure = { name: 'startup', run }
