import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus, loadavg, platform, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Bench, type Measure, type Section } from './bench.ts'
import { chart } from './chart.ts'
import { Chromium } from './chromium.ts'
import { bytes } from './measures/bytes.ts'
import { cold } from './measures/cold.ts'
import { growth } from './measures/growth.ts'
import { idle } from './measures/idle.ts'
import { latency, others } from './measures/latency.ts'
import { load } from './measures/load.ts'
import { navigation } from './measures/navigation.ts'
import { startup } from './measures/startup.ts'
import { steady } from './measures/steady.ts'
import { stormMeasure } from './measures/storm.ts'
import { streams } from './measures/streams.ts'
import { markdown, targetsTable } from './report.ts'
import { openServer } from './server.ts'
import { Kit, SUBJECTS } from './subjects.ts'

const MEASURES: readonly Measure[] = [
  latency,
  others,
  navigation,
  stormMeasure,
  steady,
  cold,
  startup,
  load,
  streams,
  idle,
  growth,
  bytes,
]

const HELP = `Compares refresh-worker with what there is, in a real Chromium.

  npm run bench -- [options]

  --only    some measures, by comma: ${MEASURES.map(({ name }) => name).join(', ')}
  --rounds  of each measure, in place of its own number
  --help    this text

All of it goes to docs/performance.md and docs/performance.svg, parts only to the screen.
`

/** @param folder of the bench, with a slash at its end */
export async function main(folder: string): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, rounds: { type: 'string' }, help: { type: 'boolean', default: false } },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return
  }
  const rounds = values.rounds === undefined ? null : Number(values.rounds)
  const names = values.only?.split(',') ?? []
  const unknown = names.find(name => MEASURES.every(measure => measure.name !== name))
  if (unknown !== undefined || (rounds !== null && !(Number.isInteger(rounds) && rounds > 0))) {
    process.stderr.write(HELP)
    process.exitCode = 2
    return
  }
  const chosen = names.length > 0 ? MEASURES.filter(({ name }) => names.includes(name)) : MEASURES
  const root = join(folder, '../..')
  const kit = new Kit(root, folder)
  await kit.build()

  const busy = loadavg()[0] as number
  const began = Date.now()
  const server = await openServer(kit.files)
  const browser = await Chromium.launch()
  const bench = new Bench(browser, server, kit, rounds)
  const sections: Section[] = []
  try {
    for (const { name, run } of chosen) {
      const start = Date.now()
      process.stderr.write(`${name} …\n`)
      const section = await run(bench)
      sections.push(section)
      process.stderr.write(`${name}: ${Math.round((Date.now() - start) / 1000)} s\n`)
      console.log(`\n${markdown(section)}\n\n${targetsTable(section.targets)}`)
    }
  } finally {
    await browser.close()
    await server.close()
  }

  const minutes = ((Date.now() - began) / 60_000).toFixed(1)
  const about = aboutRun(browser, kit, busy, minutes)
  console.log(`\n${about}`)
  if (chosen.length === MEASURES.length) {
    writeFileSync(join(root, 'docs/performance.md'), page(sections, about, bench.failures, command(rounds)))
    writeFileSync(join(root, 'docs/performance.svg'), chart(sections))
  }
  for (const failure of bench.failures) console.error(`could not be run: ${failure}`)
  if (bench.failures.length > 0) process.exitCode = 1
}

function command(rounds: number | null): string {
  return `npm run bench${rounds === null ? '' : ` -- --rounds ${rounds}`}`
}

function page(sections: readonly Section[], about: string, failures: readonly string[], line: string): string {
  const targets = sections.flatMap(section => section.targets)
  const missed = targets.filter(({ isMet }) => !isMet)
  return `<!-- Written by npm run bench: do not edit. -->
# Performance

Measured by \`${line}\`, which anybody can repeat, in one run of one browser, the subjects taking turns in every round. Figures are medians of the rounds, with their quartiles in brackets; ratios are formed within each round. Times are taken in the page, with nothing of DevTools switched on.

![Time of a small GET, and time to settle after an expiry](performance.svg)

${about}

${sections.map(markdown).join('\n\n')}

## Targets

${missed.length === 0 ? `All ${targets.length} met.` : `${targets.length - missed.length} of ${targets.length} met.`}

${targetsTable(targets)}
${failures.length > 0 ? `\n## Could not be run\n\n${failures.map(failure => `- ${failure}`).join('\n')}\n` : ''}`
}

function aboutRun(browser: Chromium, kit: Kit, busy: number, minutes: string): string {
  const [cpu] = cpus()
  const machine = `${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, ${system()}`
  const packages = SUBJECTS.flatMap(({ package: name }) => (name ? [name] : []))
  const versions = [...packages, 'axios'].map(name => `${name} ${kit.version(name)}`)
  const day = new Date().toISOString().slice(0, 10)
  return `${day}, ${minutes} minutes; ${machine}; load before ${busy.toFixed(1)}; ${browser.version} headless, Node ${process.versions.node}; ${versions.join(', ')}.`
}

function system(): string {
  try {
    return execFileSync('sh', ['-c', '. /etc/os-release && echo "$PRETTY_NAME"'], { encoding: 'utf8' }).trim()
  } catch {
    return `${platform()} ${release()}`
  }
}
