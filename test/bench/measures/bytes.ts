import { type Bench, type Measure, type Section, subject } from '../bench.ts'
import { weighParts } from '../parts.ts'
import { ahead, atMost } from '../report.ts'
import { gzip, SUBJECTS } from '../subjects.ts'

/** What an application ships. */
async function run(bench: Bench): Promise<Section> {
  const sizes = await Promise.all(
    SUBJECTS.filter(({ refreshes }) => refreshes).map(async one => ({ one, ...(await bench.kit.sizes(one)) })),
  )
  const parts = await weighParts()
  const oneFile = gzip(await bench.kit.oneFile(bench.site(subject('ours'), 'bytes')))
  const text = (bytes: number | null) => bytes?.toLocaleString('en') ?? '–'
  const ours = sizes.find(({ one }) => one.name === 'ours')
  const peers = sizes.filter(({ one }) => one.name !== 'ours' && one.name !== 'inpage')
  return {
    title: 'Bytes',
    text: 'Minified and compressed with `gzip -9`: the worker, and what a page that imports no more than it needs loads of it at once; and what the worker would be smaller by without some of its parts.',
    tables: [
      {
        head: ['', 'worker', 'page'],
        rows: sizes.flatMap(({ one, worker, page }) => [
          [one.title, text(worker), text(page)],
          ...(one === ours?.one
            ? [['refresh-worker, built as one file for tokens in JSON', text(oneFile), text(page)]]
            : []),
        ]),
      },
      { head: ['refresh-worker without', 'worker'], rows: parts.map(({ title, saved }) => [title, `−${text(saved)}`]) },
    ],
    targets: [
      atMost('worker, gzip (bytes)', ours?.worker ?? Number.NaN, 6_000),
      atMost('worker and page for tokens in JSON, gzip (bytes)', oneFile + (ours?.page ?? Number.NaN), 14_000),
      atMost('page, gzip (bytes)', ours?.page ?? Number.NaN, 2_500),
      ahead(
        'worker, gzip (bytes), before every peer’s',
        ours?.worker ?? Number.NaN,
        peers.flatMap(({ one, worker }) => (worker === null ? [] : [[one.title, worker] as const])),
      ),
      ahead(
        'page without a worker, gzip (bytes), before every library in the page',
        sizes.find(({ one }) => one.name === 'inpage')?.page ?? Number.NaN,
        peers.flatMap(({ one, page }) => (one.hasWorker ? [] : [[one.title, page ?? Number.NaN] as const])),
      ),
      ahead(
        'page, gzip (bytes), before every peer’s',
        ours?.page ?? Number.NaN,
        peers.map(({ one, page }) => [one.title, page ?? Number.NaN] as const),
      ),
    ],
  }
}

export const bytes: Measure = { name: 'bytes', run }
