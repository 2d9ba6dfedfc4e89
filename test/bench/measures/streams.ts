import { type Bench, type Measure, Samples, type Section } from '../bench.ts'
import { ahead, atMost, ratioOf, show, shown } from '../report.ts'
import { median, rotated } from '../statistics.ts'
import { RIVALS, SUBJECTS, type Subject } from '../subjects.ts'

const DOWN = 50_000_000
const UP = 20_000_000

/** Large bodies both ways, and when the first part of a stream is there. */
async function run(bench: Bench): Promise<Section> {
  const [down, up, first] = [new Samples(), new Samples(), new Samples()]
  const rounds = bench.rounds(5)
  for (let round = 0; round <= rounds; round++)
    for (const one of rotated(SUBJECTS, round))
      await bench.attempt(one, 'streams', async () => {
        const tab = await bench.open(one)
        try {
          const download = await tab.measure<{ time: number; size: number }>('download', {
            url: `/api/down?bytes=${DOWN}`,
          })
          if (download.size !== DOWN) throw new Error(`${download.size} of ${DOWN} bytes`)
          const upload = await tab.measure<{ time: number }>('upload', { url: '/api/up', size: UP })
          const firsts: number[] = []
          for (let n = 0; n < 3; n++)
            firsts.push((await tab.measure<{ first: number }>('download', { url: '/api/stream' })).first)
          if (round === 0) return
          down.add(one.name, round, download.time)
          up.add(one.name, round, upload.time)
          first.add(one.name, round, median(firsts))
        } finally {
          await tab.close()
        }
      })
  const row = ({ name, title }: Subject) => [
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
    text: '50 MB down, read as a stream; 20 MB up; and the first part of an answer whose rest takes 250 ms more.',
    tables: [{ head: ['', '50 MB down', 'ratio', '20 MB up', 'ratio', 'first part'], rows: SUBJECTS.map(row) }],
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
