import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CLAIMS } from './security-claims.ts'

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
const security = read('SECURITY.md')

describe('the documents', () => {
  it.each(['README.md', 'SECURITY.md'])('claim no protection from scripts in the page: %s (G11, R1)', path => {
    expect(read(path)).toMatch(/\*\*(It|This) is no protection against XSS\.\*\*/)
    expect(read(path)).not.toMatch(/(prevents?|protects? (you )?(from|against)|immune to|safe from) XSS/i)
  })

  it('name the four attacks of RFC 10017, and that two of them always work (R1)', () => {
    for (const section of ['5.1.1', '5.1.2', '5.1.3', '5.1.4']) expect(security).toContain(`§${section}`)
    for (const section of ['5.1.3', '5.1.4'])
      expect(security).toMatch(new RegExp(`\\| §${section} [^|]+(\\| \\*\\*works\\*\\*[^|]*){3}\\|`))
  })

  it('recommend no password grant (R3)', () => {
    expect(security).toMatch(/no password grant \| none is sent or recommended/)
  })

  it('name files that there are', () => {
    const files = [...security.matchAll(/`((?:sw|src|test)\/[\w./-]+)`/g)].map(([, path]) => path ?? '')
    expect(files.length).toBeGreaterThan(5)
    expect(files.filter(path => !existsSync(new URL(`../../../${path}`, import.meta.url)))).toEqual([])
  })
})

describe('what SECURITY.md claims', () => {
  for (const [claim, ...tests] of CLAIMS)
    it(`is held by a test: ${claim}`, () => {
      expect(security).toContain(claim)
      expect(tests.filter(([file, name]) => !read(`test/${file}`).includes(name))).toEqual([])
    })
})
