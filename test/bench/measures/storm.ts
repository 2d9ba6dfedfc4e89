import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, type Measure, Samples, type Section, subject, type Target } from '../bench.ts'
import type { Tab } from '../chromium.ts'
import { ahead, atMost, exactly, number, show } from '../report.ts'
import { figure, median, rotated } from '../statistics.ts'
import { LIBRARIES, SUBJECTS, type Subject } from '../subjects.ts'

const SIZES = [1, 2, 5, 10, 20, 50]
const REQUESTS = 20
/** What a refresh takes at the server, milliseconds. */
const DELAY = 100
const LONG = 86_400

const bare = ['pass', 'constant'].map(name => subject(name as 'pass'))
const keepers = SUBJECTS.filter(({ refreshes }) => refreshes)

interface Storm {
  readonly refreshes: number
  readonly failures: number
  readonly settled: number
}

/** All tabs at once, at the moment when the token expires, or, for those that know no expiry, at any. */
async function storm(bench: Bench, one: Subject, tag: string, tabs: readonly Tab[]): Promise<Storm> {
  const site = bench.site(one, tag)
  const [first] = tabs as [Tab]
  let at = Date.now() + 400 + 10 * tabs.length
  if (one.refreshes) {
    site.lifetime = one.margin + Math.max(one.shortest, 2)
    // Early in a second: tokens name their expiry in whole ones, and some clients round them.
    await sleep(1020 - (Date.now() % 1000))
    await first.measure('renew')
    const issuedAt = one.slack === null ? site.issuedAt : Math.floor(site.issuedAt / 1000) * 1000
    at = issuedAt + (site.lifetime - one.margin) * 1000 + (one.slack ?? 5)
  }
  Object.assign(site, { lifetime: LONG, refreshDelay: DELAY })
  const before = { ...site.counts }
  const burst = { url: '/api/item', count: REQUESTS, at }
  const answers = await Promise.all(
    tabs.map(tab => tab.measure<{ began: number; ended: number; failures: number }>('burst', burst)),
  )
  site.refreshDelay = 0
  return {
    refreshes: site.counts.refreshes - before.refreshes,
    failures: answers.reduce((sum, { failures }) => sum + failures, 0),
    settled: Math.max(...answers.map(({ ended }) => ended)) - Math.min(...answers.map(({ began }) => began)),
  }
}

async function run(bench: Bench): Promise<Section> {
  const refreshes = new Samples()
  const failures = new Samples()
  const settled = new Samples()
  const plain = await bench.open(subject('plain'), 'storm')
  const refreshTimes: number[] = []
  const rounds = bench.rounds(3)
  for (let round = 1; round <= rounds; round++) {
    bench.site(subject('plain'), 'storm').refreshDelay = DELAY
    for (let n = 0; n < 5; n++) refreshTimes.push(await plain.measure('refreshTime'))
    // Peers take most of the time, and their numbers do not hang on it.
    const subjects = [...bare, ...keepers.filter(({ name }) => name === 'ours' || round === 1)]
    for (const one of rotated(subjects, round)) {
      const tag = `storm-${round}`
      const tabs: Tab[] = []
      await bench.attempt(one, 'storm', async () => {
        for (const size of SIZES) {
          await bench.fill(tabs, size, one, tag)
          const result = await storm(bench, one, tag, tabs)
          const key = `${one.name} ${size}`
          refreshes.add(key, round, result.refreshes)
          failures.add(key, round, result.failures)
          settled.add(key, round, result.settled)
          if (result.failures === 0) continue
          // Who was signed out logs in again, and the next size is tried all the same.
          const { origin } = bench.site(one, tag)
          await tabs[0]?.goto(`${origin}/?login=1`)
          await Promise.all(tabs.slice(1).map(tab => tab.goto(`${origin}/`)))
        }
      })
      await Promise.all(tabs.map(tab => tab.close()))
    }
  }
  await plain.close()

  const refreshTime = median(refreshTimes)
  const range = (values: readonly number[]) => {
    const [least, most] = [Math.min(...values), Math.max(...values)]
    return values.length === 0 ? '–' : least === most ? String(least) : `${least}–${most}`
  }
  const cell = ({ name, refreshes: keeps }: Subject, size: number) => {
    const key = `${name} ${size}`
    const time = show(figure(settled.of(key)), ' ms')
    if (!keeps || time === 'could not be run') return time
    const failed = range(failures.of(key))
    return `${range(refreshes.of(key))} / ${failed === '0' ? '0' : `**${failed}**`} / ${time}`
  }
  const overBare = (size: number) => {
    const [ours, floor] = settled.pairs(`ours ${size}`, `constant ${size}`)
    return figure(ours.map((time, n) => (time - refreshTime) / (floor[n] as number)))
  }
  const worst = (samples: Samples, to: number, name = 'ours') =>
    SIZES.flatMap(size => samples.of(`${name} ${size}`)).sort((a, b) => Math.abs(b - to) - Math.abs(a - to))[0] ??
    Number.NaN
  const peers = keepers.filter(({ name }) => name !== 'ours' && name !== 'inpage')
  const against = (rivals: readonly Subject[], size: number) =>
    rivals
      .filter(({ name }) => Math.max(...failures.of(`${name} ${size}`)) === 0)
      .map(({ name, title }) => [title, median(settled.of(`${name} ${size}`))] as const)
  const targets: Target[] = [
    exactly('storm: refreshes, the worst of all sizes and rounds', worst(refreshes, 1), 1),
    exactly('storm: requests that fail, of all sizes and rounds', worst(failures, 0), 0),
    ...SIZES.map(size =>
      atMost(
        `storm of ${size}: what is left after the refresh, to the constant-header worker`,
        overBare(size).median,
        1.2,
        '×',
      ),
    ),
    ...SIZES.map(size =>
      ahead(
        `storm of ${size}: time to settle (ms), before every peer that answers all requests`,
        median(settled.of(`ours ${size}`)),
        against(peers, size),
      ),
    ),
    exactly('storm without a worker: refreshes, the worst of all sizes', worst(refreshes, 1, 'inpage'), 1),
    exactly('storm without a worker: requests that fail, of all sizes', worst(failures, 0, 'inpage'), 0),
    ...SIZES.map(size =>
      ahead(
        `storm of ${size} without a worker: time to settle (ms), before every library in the page that answers all requests`,
        median(settled.of(`inpage ${size}`)),
        against(LIBRARIES, size),
      ),
    ),
  ]
  return {
    title: 'At the expiry',
    text: `So many tabs, ${REQUESTS} requests each, all in the moment when the token expires, against a server that takes each refresh token once, ends the session when it sees one again, and needs ${DELAY} ms for a refresh (${number(refreshTime)} ms for a plain page). Refreshes / requests that failed, or had no answer after 30 s / time until the last was answered; for the bare workers the time alone, of the same burst without an expiry.`,
    tables: [
      {
        head: ['', ...SIZES.map(size => `${size} tab${size > 1 ? 's' : ''}`)],
        rows: [...bare, ...keepers].map(one => [one.title, ...SIZES.map(size => cell(one, size))]),
      },
    ],
    targets,
    lines: {
      title: `Time to settle after an expiry, ${REQUESTS} requests in each tab`,
      unit: 'ms',
      at: SIZES,
      lines: [subject('constant'), ...keepers].map(({ name }) => ({
        name,
        values: SIZES.map(size => median(settled.of(`${name} ${size}`))),
        fails: SIZES.map(size => failures.of(`${name} ${size}`).some(count => count > 0)),
      })),
    },
  }
}

export const stormMeasure: Measure = { name: 'storm', run }
