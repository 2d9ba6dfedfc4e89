import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { transformSync } from 'esbuild'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { resolveConfigs } from '../../../src/core/options/configs.ts'
import * as presets from '../../../src/presets/index.ts'
import { blocks, blocksThatAre, createFolder, documents, ELSEWHERE, fileNameOf, kindOf, ROOT, read } from './blocks.ts'

const folder = createFolder()
afterAll(() => folder.remove())

/** Commands that are not run here, and who does. */
const SHELL: readonly (readonly [RegExp, string])[] = [
  [/^npm ci && npm start$/, 'test/browser/demo.test.ts runs that server'],
  [/^npm ci && npm test$/, 'whoever reads this has'],
  [/^npm i /, 'installs from npm'],
]

describe('every block of code in the documents', () => {
  it('is of a kind that is tested', () => {
    const fences =
      documents
        .map(read)
        .join('\n')
        .match(/^ *```/gm) ?? []
    expect(blocks.length).toBe(fences.length / 2)
    expect(blocks.filter(block => kindOf(block) === null)).toEqual([])
    for (const [document, test] of Object.entries(ELSEWHERE))
      if (documents.includes(document)) expect(read(test)).toContain(document)
  })

  it('of docs/api.md is what the sources say', () => {
    expect(run(process.execPath, [join(ROOT, 'scripts/api-docs.mjs'), '--check'])).toBe('')
  })

  it.each(blocksThatAre('file'))('$place has the lines of $info', ({ info, text }) => {
    const withoutIndent = (code: string) => code.replace(/^ +/gm, '').trim()
    expect(withoutIndent(read(info))).toContain(withoutIndent(text))
  })

  it.each(blocksThatAre('parsed'))('$place can be parsed', ({ text, language }) => {
    expect(transformSync(text, { loader: language as 'js' | 'ts' }).code).not.toBe('')
  })

  it('that is of this package compiles against it', () => {
    // A server's are run for real, by docs-server.test.ts.
    const ours = [...blocksThatAre('worker'), ...blocksThatAre('page'), ...blocksThatAre('build')]
    const files = ours.map(block => folder.write(fileNameOf(block), block.text))
    const given = join(ROOT, 'test/types/docs')
    folder.write(
      'tsconfig.json',
      JSON.stringify({ extends: `${given}/tsconfig.json`, files: [`${given}/given.d.ts`, ...files] }),
    )
    expect(run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder.path])).toBe('')
  })
})

describe('sh', () => {
  it.each(blocksThatAre('shell'))('$place does what it says', ({ text }) => {
    const lines = text.split('\n').map(line => line.replace(/(^| )# .*/, '').trim())
    for (const line of lines.filter(Boolean)) {
      const [, args] = /^npx refresh-worker (.*)$/.exec(line) ?? []
      if (args !== undefined)
        expect(run(process.execPath, [join(ROOT, 'dist/bin.js'), ...args.split(' ')])).not.toBe('')
      else
        expect(
          SHELL.filter(([pattern]) => pattern.test(line)),
          line,
        ).toHaveLength(1)
    }
  })
})

/** @returns what it says; what it says of a failure, too */
function run(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, { cwd: folder.path, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}\n${Object(error).stdout}${Object(error).stderr}`)
  }
}

describe('the worker script', () => {
  it.each(blocksThatAre('worker'))('$place sets up what can be set up', ({ text }) => {
    const setup = vi.fn((options: Parameters<typeof resolveConfigs>[0]) =>
      resolveConfigs(options, 'https://app.example/sw.js'),
    )
    const importScripts = vi.fn()
    runInNewContext(text.replace(/^import \{ setup \} from 'refresh-worker\/sw'$/m, ''), {
      importScripts,
      RefreshWorker: { setup, presets },
      setup,
    })
    expect(setup).toHaveBeenCalled()
    for (const url of importScripts.mock.calls.flat()) expect(url).toMatch(/^\/?refresh-worker(\.presets)?\.js$/)
  })
})
