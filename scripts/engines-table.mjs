// Writes the tables of docs/engines.md from what test/browser/requests.test.ts has found in each engine.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const REPORTS = 'node_modules/.cache/refresh-worker/engines'
const PAGE = 'docs/engines.md'
const TITLES = { chromium: 'Chromium', firefox: 'Firefox', webkit: 'WebKitGTK' }

const readReports = suffix =>
  Object.keys(TITLES).map(name => {
    const path = `${REPORTS}/${name}${suffix}.json`
    if (!existsSync(path)) throw new Error(`${path} is missing: run npm run test:browser in ${TITLES[name]} first.`)
    const report = JSON.parse(readFileSync(path, 'utf8'))
    if (!report.isComplete) throw new Error(`A test has failed in ${TITLES[name]}, so ${path} does not tell it all.`)
    return report
  })

const line = cells => `| ${cells.map(text => text.replaceAll('|', '\\|')).join(' | ')} |`

/** @param isDifferent whether only rows are told in which an engine differs */
function tableOf(reports, usual, isDifferent) {
  const reasons = []
  const noteOf = why => {
    if (!why) return ''
    if (!reasons.includes(why)) reasons.push(why)
    return ` <sup>${reasons.indexOf(why) + 1}</sup>`
  }
  const cell = entries => {
    if (!entries) return '–'
    if (entries.length === 0) return usual
    return entries.map(({ says, why }) => says + noteOf(why)).join('; ')
  }
  const names = [...new Set(reports.flatMap(({ rows }) => Object.keys(rows)))].filter(
    name => !isDifferent || reports.some(({ rows }) => rows[name]?.some(({ why }) => why)),
  )
  return [
    line(['', ...reports.map(({ engine, version }) => `${TITLES[engine]} ${version}`)]),
    line(['---', ...reports.map(() => '---')]),
    ...names.map(name => line([name, ...reports.map(({ rows }) => cell(rows[name]))])),
    '',
    ...reasons.map((why, i) => `${i + 1}. ${why}`),
  ].join('\n')
}

let page = readFileSync(PAGE, 'utf8')
const put = (name, table) => {
  const parts = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*(<!-- /${name} -->)`)
  if (!parts.test(page)) throw new Error(`${PAGE} has no place for the table ${name}.`)
  page = page.replace(parts, (_, start, end) => `${start}\n${table}\n\n${end}`)
}
put('engines', tableOf(readReports(''), 'as without a worker', false))
put('in-page', tableOf(readReports('-page'), 'as without this library', true))
writeFileSync(PAGE, page)
