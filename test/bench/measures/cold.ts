import { type Bench, type Measure, Samples, type Section, subject, type Variant, withVariants } from '../bench.ts'
import type { Tab } from '../chromium.ts'
import { ahead, atMost, ratioOf, show, shown } from '../report.ts'
import { median, rotated } from '../statistics.ts'
import { ONE_FILE, RIVALS, SUBJECTS, type Subject } from '../subjects.ts'

const KILLS = 5

const VARIANTS: readonly Variant[] = [
  { name: 'stored', title: 'bare worker, token from IndexedDB', one: subject('constant'), tag: 'stored' },
  { name: 'onefile', title: 'refresh-worker, built as one file', one: subject('ours'), tag: ONE_FILE },
]
const workers = withVariants(
  SUBJECTS.filter(({ hasWorker }) => hasWorker),
  VARIANTS,
)

/** The first request after the browser has stopped an idle worker. */
async function run(bench: Bench): Promise<Section> {
  const cold = new Samples()
  const warm = new Samples()
  const refused = new Map<string, number>()
  const rounds = bench.rounds(6)
  // A page that has just been opened, or closed, has work that goes on beside what is measured. One that polls always has.
  const open = new Map<string, Tab>()
  const isQuiet = (one: Subject) => !RIVALS.includes(one)
  for (let round = 0; round <= rounds; round++)
    for (const { name, one, tag } of rotated(workers, round))
      await bench.attempt(one, 'cold', async () => {
        const tab = open.get(name) ?? (await bench.open(one, tag))
        if (isQuiet(one)) open.set(name, tab)
        const [colds, warms]: [number[], number[]] = [[], []]
        try {
          for (let kill = 0; kill < KILLS; kill++) {
            await bench.browser.stopWorkers(tab)
            const { time, status } = await tab.measure<{ time: number; status: number }>('once', { url: '/api/item' })
            colds.push(time)
            if (status !== 200) refused.set(name, (refused.get(name) ?? 0) + 1)
            for (let n = 0; n < 5; n++)
              warms.push((await tab.measure<{ time: number }>('once', { url: '/api/item' })).time)
          }
        } finally {
          if (!isQuiet(one)) await tab.close()
        }
        if (round === 0) return
        cold.add(name, round, median(colds))
        warm.add(name, round, median(warms))
      })
  await Promise.all([...open.values()].map(tab => tab.close()))
  const kills = (rounds + 1) * KILLS
  const row = ({ name, title }: Variant) => [
    title,
    shown(cold, name, ' ms'),
    shown(warm, name, ' ms'),
    show(ratioOf(cold, name, 'constant')),
    show(ratioOf(cold, name, 'stored')),
    `${refused.get(name) ?? 0} of ${kills}`,
  ]
  const answering = RIVALS.filter(({ name }) => !refused.get(name))
  return {
    title: 'After the worker was stopped',
    text: 'The first GET after the browser has stopped the worker, against the next ones; the ratios are to the cold ones of the bare workers with a constant header, and with one out of IndexedDB: a worker that outlives itself has to read its token from somewhere.',
    tables: [
      { head: ['', 'cold', 'warm', 'to constant', 'to IndexedDB', 'not answered with 200'], rows: workers.map(row) },
    ],
    targets: [
      atMost(
        'first request after a stop, to the constant-header worker',
        ratioOf(cold, 'ours', 'constant').median,
        1.2,
        '×',
      ),
      atMost(
        'first request after a stop, two files, to the bare worker that reads IndexedDB',
        ratioOf(cold, 'ours', 'stored').median,
        1.25,
        '×',
      ),
      atMost(
        'first request after a stop, one file, to the bare worker that reads IndexedDB',
        ratioOf(cold, 'onefile', 'stored').median,
        1.15,
        '×',
      ),
      ahead(
        'first request after a stop (ms), before every peer whose worker answers it',
        median(cold.of('ours')),
        answering.map(({ name, title }) => [title, median(cold.of(name))] as const),
      ),
    ],
  }
}

export const cold: Measure = { name: 'cold', run }
