import { type Bench, type Measure, Samples, type Section, subject } from '../bench.ts'
import type { Tab } from '../chromium.ts'
import { atMost, ratioOf, show, shown } from '../report.ts'
import { median, rotated } from '../statistics.ts'

/** Navigations of a subject in each round, of which the first is not counted; fewer with a worker that is stopped. */
const COUNT = 6

/** With a worker that is stopped before each. */
const COLD = 'cold'

/** What a navigation costs that has nothing to wait for. */
async function run(bench: Bench): Promise<Section> {
  const times = new Samples()
  const variants = [
    ['plain', '', ''],
    ['pass', '', ''],
    ['constant', '', ''],
    ['constant', 'static', ''],
    ['ours', 'navigations', ''],
    ['ours', 'both', ''],
    ['ours', 'routed', ''],
    ['constant', '', COLD],
    ['ours', 'navigations', COLD],
    ['ours', 'both', COLD],
    ['ours', 'routed', COLD],
  ] as const
  const rounds = bench.rounds(15)
  const tabs = new Map<string, { readonly tab: Tab; readonly url: string; readonly isCold: boolean }>()
  for (const [name, tag, start] of variants) {
    const one = subject(name)
    if (name === 'ours') bench.site(one, tag).hasCookies = true
    const tab = await bench.attempt(one, 'navigations', () => bench.open(one, tag))
    if (tab) tabs.set(name + tag + start, { tab, url: `${bench.site(one, tag).origin}/`, isCold: start === COLD })
  }
  for (let round = 0; round <= rounds; round++)
    for (const [key, { tab, url, isCold }] of rotated([...tabs], round)) {
      await tab.toFront()
      const taken: number[] = []
      for (let n = 0; n < (isCold ? 3 : COUNT); n++) {
        if (isCold) await bench.browser.stopWorkers(tab)
        await tab.goto(url)
        if (n > 0) taken.push(await tab.measure<number>('document'))
      }
      if (round > 0) times.add(key, round, median(taken))
    }
  for (const { tab } of tabs.values()) await tab.close()
  const row = (title: string, name: string) => [title, shown(times, name, ' ms'), show(ratioOf(times, name, 'plain'))]
  return {
    title: 'A navigation that needs nothing',
    text: 'From its beginning until the document has arrived, of a page that is open, with a session that is fresh. With `navigations` the worker looks at each; static routes have it look at those alone. Below, the worker is stopped before each navigation: it does not know the session yet, and has the browser send the navigation again.',
    tables: [
      {
        head: ['', 'document', 'ratio'],
        rows: [
          row('no worker', 'plain'),
          row('bare worker, fetches navigations', 'pass'),
          row('bare worker, leaves them alone', 'constant'),
          row('bare worker, one static route', 'constantstatic'),
          row('refresh-worker, `navigations`', 'oursnavigations'),
          row('refresh-worker, `navigations`, `staticRoutes: true`', 'oursboth'),
          row('refresh-worker, `staticRoutes: true`, other pages', 'oursrouted'),
          row('stopped: bare worker, leaves them alone', 'constantcold'),
          row('stopped: refresh-worker, `navigations`', 'oursnavigationscold'),
          row('stopped: refresh-worker, `navigations`, `staticRoutes: true`', 'oursbothcold'),
          row('stopped: refresh-worker, `staticRoutes: true`, other pages', 'oursroutedcold'),
        ],
      },
    ],
    targets: [
      atMost(
        'a fresh navigation of `navigations`, to the bare worker that leaves it alone',
        ratioOf(times, 'oursnavigations', 'constant').median,
        1.05,
        '×',
      ),
    ],
  }
}

export const navigation: Measure = { name: 'navigation', run }
