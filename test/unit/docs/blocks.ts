/** The fenced blocks of code in the documents, and which rule tests each of them. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../../..')
export const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

export const documents = ['README.md', 'SECURITY.md'].concat(
  readdirSync(join(ROOT, 'docs'))
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
)

export interface Block {
  readonly document: string
  /** Where it begins. */
  readonly line: number
  readonly language: string
  /** What follows the language: the file that the block is taken from. */
  readonly info: string
  readonly text: string
  /** The text of its section, up to the block. */
  readonly section: string
}

/** Which rule tests a block; null: none. */
export type Kind = 'file' | 'elsewhere' | 'parsed' | 'shell' | 'worker' | 'build' | 'server' | 'page'

/** Documents whose blocks a test of their own runs. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  'docs/composition.md': 'test/unit/docs/composition-doc.test.ts',
  'docs/libraries.md': 'test/browser/libraries.test.ts',
  'docs/api.md': 'test/unit/docs/docs.test.ts', // generated, and compared
}

export function kindOf({ document, language, info, text, section }: Block): Kind | null {
  if (ELSEWHERE[document]) return 'elsewhere'
  if (info) return 'file'
  if (language === 'sh') return 'shell'
  if (!/^[jt]s$/.test(language)) return null
  // What is to be replaced, or was tried by hand: of others' packages, so that its syntax is all to look at.
  if (text.startsWith('// Before') || section.includes('No test repeats it.')) return 'parsed'
  if (/\bRefreshWorker\.setup\(|from 'refresh-worker\/sw'/.test(text)) return 'worker'
  if (text.includes("from 'refresh-worker/plugin'")) return 'build'
  return /refresh-worker\/express|\brefreshToken\(/.test(text) ? 'server' : 'page'
}

export function blocksOf(document: string): readonly Block[] {
  const content = read(document)
  return [...content.matchAll(/^( *)```(\w*)(?: (\S+))?\n(.*?)^\1```$/gms)].map(match => {
    const [, indent = '', language = '', info = '', indented = ''] = match
    const text = indented.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
    const before = content.slice(0, match.index)
    const section = before.slice(before.lastIndexOf('\n#'))
    return { document, line: before.split('\n').length, language, info, text, section }
  })
}

export const blocks = documents.flatMap(blocksOf)

/** The blocks of a kind; `place` is for the names of tests. */
export const blocksThatAre = (kind: Kind) =>
  blocks.filter(block => kindOf(block) === kind).map(block => ({ ...block, place: `${block.document}:${block.line}` }))

/** A folder in which the built package is installed, as in an application, beside all that is installed here. */
export function createFolder() {
  if (!existsSync(join(ROOT, 'dist/index.js'))) throw new Error('there is no dist/: npm run build')
  const outer = mkdtempSync(join(tmpdir(), 'refresh-worker-docs-'))
  const path = join(outer, 'blocks')
  mkdirSync(join(outer, 'node_modules'))
  mkdirSync(path)
  symlinkSync(ROOT, join(outer, 'node_modules/refresh-worker'))
  symlinkSync(join(ROOT, 'node_modules'), join(path, 'node_modules'))
  return {
    path,
    /** Writes a file. @returns its path */
    write: (name: string, text: string) => {
      writeFileSync(join(path, name), text)
      return join(path, name)
    },
    remove: () => rmSync(outer, { recursive: true }),
  }
}

/** A name that tells where a block is from, as that of a file. */
export function fileNameOf({ document, line, language }: Block): string {
  return `${document.replace(/\W/g, '-')}-${line}.${language}`
}
