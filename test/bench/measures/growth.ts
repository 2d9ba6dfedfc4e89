import { type Bench, type Measure, Samples, type Section, subject, type Variant, withVariants } from '../bench.ts'
import type { Tab } from '../chromium.ts'
import { ahead, number, show, shown } from '../report.ts'
import { median, ratio, rotated } from '../statistics.ts'
import { ONE_FILE } from '../subjects.ts'

const COUNT = 100
const TABS = [1, 10, 50]
const URLS = [1, 100, 1000]
const SESSIONS = [1, 10]

const grown = withVariants((['constant', 'ours', 'axa'] as const).map(subject), [
  { name: 'onefile', title: 'refresh-worker, built as one file', one: subject('ours'), tag: ONE_FILE },
])

/** What a request costs, and the worker keeps, as there is more of everything. */
async function run(bench: Bench): Promise<Section> {
  const times = new Samples()
  const heap = new Map<string, number>()
  const script = new Map<string, number>()
  const rounds = bench.rounds(5)
  const block = async (tab: Tab, url = '/api/item') => {
    await tab.measure('sequential', { url, count: COUNT / 2 })
    return median(await tab.measure<number[]>('sequential', { url, count: COUNT }))
  }

  for (const { name, one, tag } of grown)
    await bench.attempt(one, 'growth', async () => {
      const tabs: Tab[] = []
      try {
        for (const size of TABS) {
          await bench.fill(tabs, size, one, tag || 'growth')
          const front = tabs[0] as Tab
          await front.toFront()
          for (let round = 0; round <= rounds; round++) {
            const time = await block(front)
            if (round > 0) times.add(`${name} ${size}`, round, time)
          }
          // Last, since a worker that a debugger has looked at may not be what it was.
          const memory = await bench.browser.workerMemory(bench.site(one, tag || 'growth').origin)
          if (!memory) continue
          heap.set(`${name} ${size}`, memory.heap)
          if (size === 1) script.set(name, memory.script)
        }
      } finally {
        await Promise.all(tabs.map(tab => tab.close()))
      }
    })

  const ours = subject('ours')
  for (const [kind, sizes] of [
    ['urls', URLS],
    ['sessions', SESSIONS],
  ] as const) {
    const tabs: [number, Tab][] = []
    try {
      for (const size of sizes) {
        tabs.push([size, await bench.open(ours, `${kind}-${size}`)])
      }
      for (let round = 0; round <= rounds; round++)
        for (const [size, tab] of rotated(tabs, round)) {
          await tab.toFront()
          const [time, other] = [await block(tab), await block(tab, '/asset')]
          if (round === 0) continue
          times.add(`${kind} ${size}`, round, time)
          times.add(`${kind} ${size} other`, round, other)
        }
    } catch (error) {
      bench.failures.push(`ours, growth of ${kind}: ${error instanceof Error ? error.message : error}`)
    } finally {
      await Promise.all(tabs.map(([, tab]) => tab.close()))
    }
  }

  const ratioTo = (key: string, first: string) => {
    const [values, others] = times.pairs(key, first)
    return show(ratio(values, others))
  }
  const cell = (key: string, first: string) =>
    key === first || times.of(key).length === 0
      ? shown(times, key, ' ms')
      : `${shown(times, key, ' ms')}, ${ratioTo(key, first)}×`
  const kilobytes = (bytes: number | undefined) => (bytes === undefined ? '–' : `${number(bytes / 1000)} kB`)
  const tabsRow = ({ name, title }: Variant) => [
    title,
    ...TABS.map(size => cell(`${name} ${size}`, `${name} 1`)),
    kilobytes(heap.get(`${name} 1`)),
    kilobytes(script.get(name)),
    kilobytes(heap.get(`${name} 50`)),
  ]
  const listRow = (title: string, kind: string, sizes: readonly number[], suffix = '') => [
    title,
    ...sizes.map(size => cell(`${kind} ${size}${suffix}`, `${kind} ${sizes[0]}${suffix}`)),
  ]
  return {
    title: 'Growth',
    text: 'The median of GETs, one after the other, as tabs, configured URLs (the one that matches comes last) and sessions grow, with ratios to the first column; and the JavaScript heap of the worker after a garbage collection, with what its script takes of that: code, and the text that V8 keeps.',
    tables: [
      {
        head: [
          '',
          ...TABS.map(size => `${size} tab${size > 1 ? 's' : ''}`),
          'heap, 1 tab',
          'its script',
          'heap, 50 tabs',
        ],
        rows: grown.map(tabsRow),
      },
      {
        head: ['refresh-worker', ...URLS.map(size => `${size} URL${size > 1 ? 's' : ''}`)],
        rows: [listRow('an API request', 'urls', URLS), listRow('another request', 'urls', URLS, ' other')],
      },
      {
        head: ['refresh-worker', ...SESSIONS.map(size => `${size} session${size > 1 ? 's' : ''}`)],
        rows: [listRow('an API request', 'sessions', SESSIONS)],
      },
    ],
    targets: [
      ahead('heap of the worker with 1 tab (kB), before the peer’s', (heap.get('ours 1') ?? Number.NaN) / 1000, [
        ['@axa-fr/oidc-client', (heap.get('axa 1') ?? Number.NaN) / 1000],
      ]),
      ahead('heap of the worker with 50 tabs (kB), before the peer’s', (heap.get('ours 50') ?? Number.NaN) / 1000, [
        ['@axa-fr/oidc-client', (heap.get('axa 50') ?? Number.NaN) / 1000],
      ]),
    ],
  }
}

export const growth: Measure = { name: 'growth', run }
