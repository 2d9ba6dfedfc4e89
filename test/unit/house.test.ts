/** The map in CONTRIBUTING.md, as rules: which room may import which, how long a file may be, what the core may name. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const LONGEST_FILE = 250

/** From the bottom to the top: each room imports itself and those before it, unless `MAY_IMPORT` says less. */
const CORE = ['http', 'options', 'hooks', 'tokens', 'session', 'requests']

/** What each room may import besides itself; a file of its own name is a room too. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/errors.ts': [],
  'src/state.ts': ['src/errors.ts'],
  'src/protocol.ts': ['src/errors.ts', 'src/state.ts'],
  'src/devtools-protocol.ts': ['src/protocol.ts', 'src/state.ts'],
  'src/core': ['src/devtools-protocol.ts', 'src/errors.ts', 'src/protocol.ts', 'src/state.ts'],
  'src/browser': ['src/core', 'src/devtools-protocol.ts', 'src/errors.ts', 'src/protocol.ts'],
  'src/page': ['src/errors.ts', 'src/protocol.ts'],
  'src/devtools': ['src/page', 'src/devtools-protocol.ts', 'src/errors.ts', 'src/protocol.ts'],
  'src/in-page': [
    'src/browser',
    'src/core',
    'src/page',
    'src/devtools-protocol.ts',
    'src/errors.ts',
    'src/protocol.ts',
  ],
  'src/presets': ['src/core'],
  'src/server': ['src/errors.ts', 'src/protocol.ts'],
  'src/build': ['src/core', 'src/errors.ts'],
  'src/cli': ['src/build', 'src/core', 'src/errors.ts', 'src/protocol.ts'],
  'src/index.ts': ['src/page', 'src/errors.ts', 'src/protocol.ts'],
  'src/testing': ['src/page', 'src/server', 'src/errors.ts', 'src/protocol.ts'],
  sw: ['src/browser', 'src/core', 'src/presets', 'src/devtools-protocol.ts', 'src/errors.ts', 'src/protocol.ts'],
}

const files = ['src', 'sw'].flatMap(folder =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => posix.join(folder, name.replaceAll('\\', '/'))),
)
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

function importsOf(path: string): readonly string[] {
  const specifiers = [...read(path).matchAll(/\b(?:from|import)\b\s*\(?'(\.[^']+)'/g)].map(([, name = '']) => name)
  return specifiers.map(specifier => posix.join(posix.dirname(path), specifier))
}

const roomOf = (path: string) => Object.keys(MAY_IMPORT).find(room => path === room || path.startsWith(`${room}/`))

/** A folder of the core, or null for the files beside them. */
const coreRoomOf = (path: string) => /^src\/core\/(\w+)\//.exec(path)?.[1] ?? null

describe('the house', () => {
  it.each(files)('%s imports only what its room may', path => {
    const room = roomOf(path) ?? ''
    const allowed = [room, ...(MAY_IMPORT[room] ?? [])]
    expect(importsOf(path).filter(other => !allowed.includes(roomOf(other) ?? ''))).toEqual([])
  })

  it('has a place for every file', () => {
    expect(files.filter(path => roomOf(path) === undefined)).toEqual([])
    const rooms = files.map(coreRoomOf).filter(room => room !== null)
    expect([...new Set(rooms)].filter(room => !CORE.includes(room))).toEqual([])
  })

  it('lets data flow one way through the rooms of the core', () => {
    const isBackwards = (from: string, to: string) => {
      const [room, other] = [coreRoomOf(from), coreRoomOf(to)]
      if (room === null) return false
      // Of the files beside the rooms, these are the ground that all stand on.
      if (other === null) return to.startsWith('src/core/') && !/\/(features|ports|trace)\.ts$/.test(to)
      return CORE.indexOf(other) > CORE.indexOf(room)
    }
    const backwards = files.flatMap(path =>
      importsOf(path)
        .filter(other => isBackwards(path, other))
        .map(other => `${path} → ${other}`),
    )
    expect(backwards).toEqual([])
  })

  it('has no import cycle', () => {
    const cycles: string[] = []
    const done = new Set<string>()
    const visit = (path: string, way: readonly string[]) => {
      if (way.includes(path)) cycles.push([...way.slice(way.indexOf(path)), path].join(' → '))
      else if (!done.has(path)) for (const other of importsOf(path)) visit(other, [...way, path])
      done.add(path)
    }
    for (const path of files) visit(path, [])
    expect(cycles).toEqual([])
  })

  it(`has no file of more than ${LONGEST_FILE} lines`, () => {
    const lengths = files.map(path => ({ path, lines: read(path).split('\n').length - 1 }))
    expect(lengths.filter(({ lines }) => lines > LONGEST_FILE)).toEqual([])
  })

  it('has entries that nothing imports', () => {
    // The presets' is one more way to them, not a thing of its own.
    const entries =
      /^(src\/index|src\/(?!presets)[\w-]+\/index|src\/cli\/bin|src\/build\/plugin|src\/server\/express|sw\/(index|worker|kill))\.ts$/
    expect(files.flatMap(path => importsOf(path).filter(other => entries.test(other)))).toEqual([])
  })

  it('has a core that uses no global of a host, and no clock or chance of its own', () => {
    const globals =
      /(?<![.\w])(self|window|navigator|location|setTimeout|setInterval|caches|localStorage|BroadcastChannel|crypto|performance|console|Date\.now|Math\.random)\b(?!\s*[:?])/
    const code = (text: string) =>
      text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '').replace(/'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, "''")
    expect(files.filter(path => path.startsWith('src/core/') && globals.test(code(read(path))))).toEqual([])
  })

  it('has a core that names no host', () => {
    const hosts = /\b(FetchEvent|ExtendableEvent|ServiceWorker\w*|clients|registration|indexedDB|idb-keyval|workbox-)\b/
    const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
    expect(files.filter(path => path.startsWith('src/core/') && hosts.test(withoutComments(read(path))))).toEqual([])
  })
})
