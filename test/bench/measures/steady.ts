import { type Bench, type Measure, Samples, type Section } from '../bench.ts'
import { ahead, atMost, number, shown } from '../report.ts'
import { median, quantile, rotated } from '../statistics.ts'
import { SUBJECTS, type Subject } from '../subjects.ts'

const EXPIRIES = 10
/** Nobody gets longer than this (milliseconds), however few expiries it sees. */
const LONGEST = 15_000
const DELAY = 50
const LONG = 86_400

const keepers = SUBJECTS.filter(({ refreshes }) => refreshes)

/** Steady traffic from one tab while tokens come and go, and the same without. */
async function run(bench: Bench): Promise<Section> {
  const [across, without, ratios, refreshes, failures] = Array.from({ length: 5 }, () => new Samples()) as [
    Samples,
    Samples,
    Samples,
    Samples,
    Samples,
  ]
  const rounds = bench.rounds(3)
  for (let round = 1; round <= rounds; round++) {
    const subjects = keepers.filter(({ name }) => name === 'ours' || round <= 1)
    for (const one of rotated(subjects, round)) {
      await bench.attempt(one, 'steady', async () => {
        const tab = await bench.open(one, 'steady')
        const site = bench.site(one, 'steady')
        const duration = Math.min(EXPIRIES * one.shortest * 1000, LONGEST)
        const traffic = async (lifetime: number, time: number) => {
          Object.assign(site, { lifetime, refreshDelay: 0 })
          await tab.measure('renew')
          site.refreshDelay = DELAY
          const before = site.counts.refreshes
          const result = await tab.measure<{ times: number[]; failures: number }>('steady', {
            url: '/api/item',
            duration: time,
            pause: 2,
          })
          return { ...result, p99: quantile(result.times, 0.99), refreshes: site.counts.refreshes - before }
        }
        try {
          await traffic(LONG, 1_000)
          // Either first in turn.
          const long = round % 2 ? await traffic(LONG, duration) : null
          const short = await traffic(one.margin + one.shortest, duration)
          const { p99 } = long ?? (await traffic(LONG, duration))
          across.add(one.name, round, short.p99)
          without.add(one.name, round, p99)
          ratios.add(one.name, round, short.p99 / p99)
          refreshes.add(one.name, round, short.refreshes)
          failures.add(one.name, round, short.failures)
        } finally {
          site.lifetime = LONG
          await tab.close()
        }
      })
    }
  }
  const row = ({ name, title }: Subject) => [
    title,
    shown(without, name, ' ms'),
    shown(across, name, ' ms'),
    shown(ratios, name),
    number(median(refreshes.of(name))),
    String(failures.of(name).reduce((sum, count) => sum + count, 0)),
  ]
  return {
    title: 'Steady traffic',
    text: `The 99th percentile of GETs, one after the other from one tab, with a token that lasts, and with tokens of 1 s (or the shortest that a subject can live with: see its count of refreshes) and a server that needs ${DELAY} ms for a refresh.`,
    tables: [
      {
        head: ['', 'p99 without expiries', 'p99 across expiries', 'ratio', 'refreshes', 'failed'],
        rows: keepers.map(row),
      },
    ],
    targets: [
      atMost('p99 across expiries, to p99 without', median(ratios.of('ours')), 1.1, '×'),
      ahead(
        'p99 across expiries (ms), before every peer',
        median(across.of('ours')),
        keepers
          .filter(({ name }) => name !== 'ours')
          .map(({ name, title }) => [title, median(across.of(name))] as const),
      ),
    ],
  }
}

export const steady: Measure = { name: 'steady', run }
