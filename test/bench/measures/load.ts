import { type Bench, type Measure, Samples, type Section } from '../bench.ts'
import { ahead, ratioOf, show, shown } from '../report.ts'
import { median, rotated } from '../statistics.ts'
import { RIVALS, SUBJECTS, type Subject } from '../subjects.ts'

/** A visitor's first page, and the same on another day. */
async function run(bench: Bench): Promise<Section> {
  const [loaded, first, again] = [new Samples(), new Samples(), new Samples()]
  const rounds = bench.rounds(5)
  for (let round = 0; round <= rounds; round++)
    for (const one of rotated(SUBJECTS, round))
      await bench.attempt(one, 'load', async () => {
        const { origin } = bench.site(one, `load-${round}`)
        const visit = async (samples: Samples) => {
          const tab = await bench.browser.open(`${origin}/`)
          if (round > 0) {
            samples.add(one.name, round, await tab.measure<number>('arrival'))
            if (samples === again) loaded.add(one.name, round, await tab.measure<number>('loaded'))
          }
          await tab.close()
        }
        await visit(first)
        await visit(again)
      })
  const row = ({ name, title }: Subject) => [
    title,
    shown(first, name, ' ms'),
    show(ratioOf(first, name, 'plain')),
    shown(again, name, ' ms'),
    show(ratioOf(again, name, 'plain')),
    shown(loaded, name, ' ms'),
  ]
  const against = (samples: Samples) => RIVALS.map(({ name, title }) => [title, median(samples.of(name))] as const)
  return {
    title: 'The first page',
    text: 'From the navigation until the first request for data was answered: for a new visitor, whose worker is installed and who is logged in on the way (by redirects where the subject knows nothing else), and for one who comes back with a session. The last column is the load event then.',
    tables: [
      {
        head: ['', 'new visitor', 'ratio', 'comes back', 'ratio', 'load event'],
        rows: SUBJECTS.map(row),
      },
    ],
    targets: [
      ahead('a new visitor (ms), before every peer with a worker', median(first.of('ours')), against(first)),
      ahead('a visitor who comes back (ms), before every peer with a worker', median(again.of('ours')), against(again)),
    ],
  }
}

export const load: Measure = { name: 'load', run }
