import { type Bench, type Measure, Samples, type Section, subject, type Variant, withVariants } from '../bench.ts'
import { ahead, atMost, ratioOf, show, shown } from '../report.ts'
import { median, rotated } from '../statistics.ts'
import { RIVALS, SUBJECTS } from '../subjects.ts'

const DOWN = 50_000_000
const UP = 20_000_000
/** How often in each round: a single upload takes now half as long, now twice. */
const TIMES = 3

interface Download {
  readonly time: number
  readonly first: number
  readonly size: number
}

const variants = withVariants(SUBJECTS, [
  {
    name: 'unkept',
    title: 'refresh-worker, `replayBodyLimit: 0`',
    one: subject('ours'),
    tag: 'unkept',
  },
])

/** Large bodies both ways, and when the first part of a stream is there. */
async function run(bench: Bench): Promise<Section> {
  const [down, up, first] = [new Samples(), new Samples(), new Samples()]
  const rounds = bench.rounds(7)
  for (let round = 0; round <= rounds; round++)
    for (const { name, one, tag } of rotated(variants, round))
      await bench.attempt(one, 'streams', async () => {
        const tab = await bench.open(one, tag)
        try {
          const [downs, ups, firsts]: [number[], number[], number[]] = [[], [], []]
          for (let n = 0; n < TIMES; n++) {
            const { time, size } = await tab.measure<Download>('download', { url: `/api/down?bytes=${DOWN}` })
            if (size !== DOWN) throw new Error(`${size} of ${DOWN} bytes`)
            downs.push(time)
            ups.push((await tab.measure<{ time: number }>('upload', { url: '/api/up', size: UP })).time)
            firsts.push((await tab.measure<Download>('download', { url: '/api/stream' })).first)
          }
          if (round === 0) return
          down.add(name, round, median(downs))
          up.add(name, round, median(ups))
          first.add(name, round, median(firsts))
        } finally {
          await tab.close()
        }
      })
  const row = ({ name, title }: Variant) => [
    title,
    shown(down, name, ' ms'),
    show(ratioOf(down, name, 'plain')),
    shown(up, name, ' ms'),
    show(ratioOf(up, name, 'plain')),
    shown(first, name, ' ms'),
  ]
  const against = (samples: Samples) => RIVALS.map(({ name, title }) => [title, median(samples.of(name))] as const)
  return {
    title: 'Streams',
    text: '50 MB down, read as a stream; 20 MB up; and the first part of an answer whose rest takes 250 ms more. Of what goes up, refresh-worker keeps up to `replayBodyLimit` bytes, 8 MB unless set, so that a 401 does not lose it. Here the upload is binary, and the API has taken the token before: nothing is kept then. The bare workers and the other one never keep anything.',
    tables: [{ head: ['', '50 MB down', 'ratio', '20 MB up', 'ratio', 'first part'], rows: variants.map(row) }],
    targets: [
      atMost('50 MB down, to the constant-header worker', ratioOf(down, 'ours', 'constant').median, 1.05, '×'),
      atMost('20 MB up, to the constant-header worker', ratioOf(up, 'ours', 'constant').median, 1.05, '×'),
      atMost('first part, to the constant-header worker', ratioOf(first, 'ours', 'constant').median, 1.05, '×'),
      ahead('50 MB down (ms), before every peer with a worker', median(down.of('ours')), against(down)),
      ahead('20 MB up (ms), before every peer with a worker', median(up.of('ours')), against(up)),
    ],
  }
}

export const streams: Measure = { name: 'streams', run }
