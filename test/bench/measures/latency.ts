import { type Bench, type Measure, Samples, type Section, subject } from '../bench.ts'
import type { Tab } from '../chromium.ts'
import { ahead, atMost, ratioOf, show, shown } from '../report.ts'
import { figure, median, rotated } from '../statistics.ts'
import { LIBRARIES, RIVALS, SUBJECTS, type Subject } from '../subjects.ts'

const COUNT = 100
const WARM_UP = 60

/** How long small GETs take one after the other, and how many there are per second, 50 at a time. */
async function run(bench: Bench): Promise<Section> {
  const same = new Samples()
  const cross = new Samples()
  const sameRate = new Samples()
  const crossRate = new Samples()
  const rounds = bench.rounds(9)
  for (let round = 0; round <= rounds; round++) {
    for (const one of rotated(SUBJECTS, round)) {
      await bench.attempt(one, 'latency', async () => {
        const tab = await bench.open(one)
        try {
          const urls = ['/api/item', `${bench.site(one).apiOrigin}/api/item`] as const
          for (const [url, times, rate] of [
            [urls[0], same, sameRate],
            [urls[1], cross, crossRate],
          ] as const) {
            await tab.measure('sequential', { url, count: WARM_UP })
            const time = median(await tab.measure<number[]>('sequential', { url, count: COUNT }))
            const perSecond = await tab.measure<number>('throughput', { url, count: 300, concurrency: 50 })
            if (round === 0) continue
            times.add(one.name, round, time)
            rate.add(one.name, round, perSecond)
          }
        } finally {
          await tab.close()
        }
      })
    }
  }
  const row = ({ name, title }: Subject) => [
    title,
    shown(same, name, ' ms'),
    show(ratioOf(same, name, 'plain')),
    shown(cross, name, ' ms'),
    show(ratioOf(cross, name, 'plain')),
    shown(sameRate, name),
    shown(crossRate, name),
  ]
  const perSecond = ratioOf(sameRate, 'constant', 'ours').median
  const against = (samples: Samples, rivals = RIVALS) =>
    rivals.map(({ name, title }) => [title, figure(samples.of(name)).median] as const)
  return {
    title: 'Small requests',
    text: `The median of ${COUNT} GETs of 90 bytes, one after the other, same and cross origin; requests per second with 50 at a time. Libraries in the page send their requests past any worker: they pay nothing for it, and authorize nothing but what is sent through them. Ratios are to plain fetches with the token by hand, within the same round.`,
    tables: [
      {
        head: ['', 'same origin', 'ratio', 'cross origin', 'ratio', 'per second', 'cross origin'],
        rows: SUBJECTS.map(row),
      },
    ],
    targets: [
      atMost('GET, same origin, to the constant-header worker', ratioOf(same, 'ours', 'constant').median, 1.05, '×'),
      atMost('GET, cross origin, to the constant-header worker', ratioOf(cross, 'ours', 'constant').median, 1.05, '×'),
      atMost('50 at a time, to the constant-header worker', perSecond, 1.05, '×'),
      ahead('GET, same origin (ms), before every peer with a worker', figure(same.of('ours')).median, against(same)),
      ahead('GET, cross origin (ms), before every peer with a worker', figure(cross.of('ours')).median, against(cross)),
      ahead(
        'GET, same origin (ms), without a worker, before every library in the page',
        figure(same.of('inpage')).median,
        against(same, LIBRARIES),
      ),
      ahead(
        'GET, cross origin (ms), without a worker, before every library in the page',
        figure(cross.of('inpage')).median,
        against(cross, LIBRARIES),
      ),
    ],
    bars: {
      title: 'A small GET, same origin, to a plain fetch',
      unit: '×',
      bars: SUBJECTS.map(({ name }) => ({ name, figure: ratioOf(same, name, 'plain') })),
    },
  }
}

/** What the worker has no business with, with and without static routes. */
async function runOthers(bench: Bench): Promise<Section> {
  const times = new Samples()
  const variants = [
    ['plain', ''],
    ['constant', ''],
    ['constant', 'static'],
    ['ours', ''],
    ['ours', 'static'],
  ] as const
  const rounds = bench.rounds(15)
  const tabs = new Map<string, Tab>()
  for (const [name, tag] of variants) {
    const tab = await bench.attempt(subject(name), 'other requests', () => bench.open(subject(name), tag))
    if (tab) tabs.set(name + tag, tab)
  }
  for (let round = 0; round <= rounds; round++)
    for (const [key, tab] of rotated([...tabs], round)) {
      await tab.toFront()
      await tab.measure('sequential', { url: '/asset', count: WARM_UP })
      const time = median(await tab.measure<number[]>('sequential', { url: '/asset', count: COUNT }))
      if (round > 0) times.add(key, round, time)
    }
  for (const tab of tabs.values()) await tab.close()
  const row = (title: string, name: string) => [title, shown(times, name, ' ms'), show(ratioOf(times, name, 'plain'))]
  return {
    title: 'Requests that are none of its',
    text: 'GETs outside the configured URLs, which need no token. With a static route the browser asks no worker, but it asks the route: the row of the bare worker says what that takes.',
    tables: [
      {
        head: ['', 'same origin', 'ratio'],
        rows: [
          row('no worker', 'plain'),
          row('bare worker, constant header on everything', 'constant'),
          row('bare worker, one static route', 'constantstatic'),
          row('refresh-worker', 'ours'),
          row('refresh-worker, `staticRoutes: true`', 'oursstatic'),
        ],
      },
    ],
    targets: [
      atMost(
        'requests outside the API, static routes, to no worker',
        ratioOf(times, 'oursstatic', 'plain').median,
        1.02,
        '×',
      ),
    ],
  }
}

export const latency: Measure = { name: 'latency', run }
export const others: Measure = { name: 'others', run: runOthers }
