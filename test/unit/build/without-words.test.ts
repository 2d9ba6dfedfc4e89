import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { OWN_FILES, withoutWords } from '../../../src/build/without-words.ts'
import { type ErrorCode, RefreshWorkerError } from '../../../src/errors.ts'

describe('without words', () => {
  it('an error gives its code, where it is explained, and its cause', () => {
    const cause = new Error('refused')
    const error = new RefreshWorkerError('script_error', undefined, { cause })
    expect(error.message).toBe(
      'script_error: see https://unpkg.com/refresh-worker@0.0.0-test/docs/troubleshooting.md#script_error',
    )
    expect(error).toMatchObject({ code: 'script_error', cause })
  })

  it.each([
    ["new RefreshWorkerError('unsupported', 'why')", "new RefreshWorkerError('unsupported', undefined)"],
    [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code.
      'new RefreshWorkerError$1(code, `why ${a} ${`b`}`, { cause })',
      'new RefreshWorkerError$1(code, undefined, { cause })',
    ],
    [
      "f(() => [new RefreshWorkerError('a', 'b'), new RefreshWorkerError('c', `d`)])",
      "f(() => [new RefreshWorkerError('a', undefined), new RefreshWorkerError('c', undefined)])",
    ],
    // What another side has said, and what is no error of ours, stays.
    ['new RefreshWorkerError(data.code, data.message)', 'new RefreshWorkerError(data.code, data.message)'],
    ["new RefreshWorkerError('unsupported')", "new RefreshWorkerError('unsupported')"],
    ["new ConfigError('name', 'why')", "new ConfigError('name', 'why')"],
  ])('%s', async (code, expected) => {
    expect(await withoutWords(code)).toBe(expected)
  })

  it('every code has a place where it is explained', () => {
    const source = readFileSync('src/errors.ts', 'utf8')
    const codes = [...source.matchAll(/^ {2}\| '(\w+)'$/gm)].map(([, code]) => code as ErrorCode)
    expect(codes.length).toBeGreaterThan(15)
    const headings = readFileSync('docs/troubleshooting.md', 'utf8')
    for (const code of codes) expect(headings).toContain(`### \`${code}\`\n`)
    // It is in the package, from where it is served.
    expect(JSON.parse(readFileSync('package.json', 'utf8')).files).toContain('docs/*.md')
    expect(readdirSync('docs')).toContain('troubleshooting.md')
  })

  it('only files of this package lose them', () => {
    const folder = decodeURIComponent(new URL('../../../src/build', import.meta.url).pathname)
    expect(OWN_FILES.test(`${folder}/shared/records.js`)).toBe(true)
    expect(OWN_FILES.test('/srv/app/src/main.js')).toBe(false)
  })
})
