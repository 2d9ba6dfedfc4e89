import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { Options } from '../../../../src/core/options/options.ts'
import { createLogin } from '../../../../src/core/requests/login.ts'
import { nobody, type Session } from '../../../../src/core/session/session.ts'
import { createSessionStore } from '../../../../src/core/session/session-store.ts'
import { ACCESS_TOKEN_PLACEHOLDER, REFRESH_TOKEN_PLACEHOLDER } from '../../../../src/protocol.ts'
import { configOf, createLocks, createMemoryStore, NOW, ORIGIN, readersOf, received } from '../../kit.ts'

/** As pages see them: each names its session. */
const ACCESS = `${ACCESS_TOKEN_PLACEHOLDER}-session-1`
const REFRESH = `${REFRESH_TOKEN_PLACEHOLDER}-session-1`

/** The same runs every time, so that what turns red has been changed; others with FC_SEED. */
fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? 1) })
// Nobody's promise: a machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

/** Sends a login that is answered so; tells what the page gets, what is stored, and what was logged. */
async function logIn(answer: Response, options: Partial<Options> = {}) {
  const config = configOf(options)
  const { records, store } = createMemoryStore()
  const log: string[] = []
  const login = createLogin({
    config,
    sessions: createSessionStore({ now: () => NOW, config, store, onChange: async () => undefined }),
    fetch: async () => answer,
    locks: createLocks(),
    readAnswer: readersOf(config).readAnswer,
    newId: () => 'session-1',
    log: (_, line) => log.push(line),
  })
  const response = await login(new Request(`${ORIGIN}/auth/login`, { method: 'POST' }), 'login')
  return { response, stored: (records.get(config.storageKey) ?? nobody) as Session, log: log.join('\n') }
}

const JSON_TYPE = 'application/json; charset=utf-8'
const answerOf = (body: BodyInit, headers: Record<string, string> = {}) =>
  received(new Response(body, { headers: { 'Content-Type': JSON_TYPE, ...headers } }))

// --- documents that hold tokens: each piece as the server wrote it, and as the page should find it ---

interface Tokens {
  readonly access: string
  readonly refresh: string
}
type Piece = (tokens: Tokens) => { readonly raw: string; readonly redacted: string }

const visible = (minLength: number) =>
  fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map(code => String.fromCharCode(code)), minLength })
const secret = fc.oneof(
  visible(16),
  fc.stringMatching(/^eyJ[\w-]{10,40}\.eyJ[\w-]{10,40}\.[\w-]{10,40}$/),
  fc.base64String({ minLength: 24 }),
)
const tokensOf: fc.Arbitrary<Tokens> = fc
  .oneof(
    fc.tuple(secret, secret),
    // One may be a part of the other.
    fc.tuple(secret, visible(1)).map(([short, rest]) => [short, short + rest] as const),
    fc.tuple(secret, visible(1)).map(([short, rest]) => [rest + short, short] as const),
  )
  .filter(([access, refresh]) => access !== refresh)
  .map(([access, refresh]) => ({ access, refresh }))

/** The longer one first, as it may contain the other. */
function covered(text: string, { access, refresh }: Tokens): string {
  const pairs = [[access, ACCESS] as const, [refresh, REFRESH] as const].sort(([a], [b]) => b.length - a.length)
  return pairs.reduce((result, [token, placeholder]) => result.split(token).join(placeholder), text)
}

/** Writes a string as JSON allows: each character as it is, by its number, or with a back-slash before it. */
function quoted(text: string, styles: readonly number[]): string {
  const units = Array.from({ length: text.length }, (_, n) => {
    const unit = text.charAt(n)
    const style = styles[n % styles.length] ?? 0
    if (style === 1) return `\\u${text.charCodeAt(n).toString(16).padStart(4, '0')}`
    if (style === 2 && unit === '/') return '\\/'
    return JSON.stringify(unit).slice(1, -1)
  })
  return `"${units.join('')}"`
}

type Part = 'access' | 'refresh' | { readonly text: string }

const styles = fc.array(fc.constantFrom(0, 0, 0, 1, 2), { minLength: 1, maxLength: 5 })
const parts = fc.array(
  fc.oneof(
    fc.constantFrom<Part>('access', 'refresh'),
    fc.string({ unit: 'binary', maxLength: 8 }).map((text): Part => ({ text })),
  ),
  { maxLength: 4 },
)
const fill = (list: readonly Part[], tokens: Tokens) =>
  list.map(part => (typeof part === 'object' ? part.text : tokens[part])).join('')

const write =
  (prefix: string, list: readonly Part[], how: readonly number[]): Piece =>
  tokens => {
    const text = prefix + fill(list, tokens)
    const raw = quoted(text, how)
    const result = covered(text, tokens)
    return { raw, redacted: result === text ? raw : JSON.stringify(result) }
  }
const verbatim =
  (text: string): Piece =>
  () => ({ raw: text, redacted: text })
const join =
  (...pieces: readonly Piece[]): Piece =>
  tokens => {
    const done = pieces.map(piece => piece(tokens))
    return { raw: done.map(({ raw }) => raw).join(''), redacted: done.map(({ redacted }) => redacted).join('') }
  }
const enclose = (open: string, blank: Piece, pieces: readonly Piece[], close: string): Piece => {
  const list = pieces.flatMap((piece, n) => (n === 0 ? [blank, piece] : [blank, verbatim(','), piece]))
  return join(verbatim(open), ...list, blank, verbatim(close))
}

const blank = fc.constantFrom('', '', ' ', '\n\t', '\r\n  ').map(verbatim)
const literal = fc
  .constantFrom('0', '-0', '1.0', '1e400', '-1.5E-7', '123456789012345678901234567890', 'true', 'false', 'null')
  .map(verbatim)

/** Names of one object differ by their beginnings: another test is about two members of one name. */
const membersOf = (value: fc.Arbitrary<Piece>) =>
  fc
    .array(fc.tuple(parts, styles, blank, value), { maxLength: 4 })
    .map(members =>
      members.map(([list, how, space, piece], n) =>
        join(write(`x${n}`, list, how), space, verbatim(':'), space, piece),
      ),
    )

const { value } = fc.letrec<{ value: Piece }>(tie => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.tuple(parts, styles).map(([list, how]) => write('', list, how)),
    literal,
    fc.tuple(blank, fc.array(tie('value'), { maxLength: 4 })).map(([space, list]) => enclose('[', space, list, ']')),
    fc.tuple(blank, membersOf(tie('value'))).map(([space, list]) => enclose('{', space, list, '}')),
  ),
}))

/** A document with the tokens below some names, among other members, before and after. */
const response = fc
  .tuple(
    fc.array(fc.stringMatching(/^p[\w -]{0,8}$/), { maxLength: 5 }),
    fc.array(fc.tuple(membersOf(value), blank), { minLength: 6, maxLength: 6 }),
    styles,
    styles,
    fc.boolean(),
  )
  .map(([path, levels, accessStyle, refreshStyle, isRefreshFirst]) => {
    const pair = [
      join(verbatim('"at":'), write('', ['access'], accessStyle)),
      join(verbatim('"rt" : '), write('', ['refresh'], refreshStyle)),
    ]
    const document = [...path, ''].reduceRight<Piece | null>((inner, name, n) => {
      const [members = [], space = verbatim('')] = levels[n] ?? []
      const wanted = inner
        ? [join(verbatim(`${JSON.stringify(name)}:`), inner)]
        : isRefreshFirst
          ? pair.toReversed()
          : pair
      const half = members.length >> 1
      return enclose('{', space, [...members.slice(0, half), ...wanted, ...members.slice(half)], '}')
    }, null) as Piece
    const prop = (name: string) => [...path, name].join('.')
    return { document, options: { accessTokenProp: prop('at'), refreshTokenProp: prop('rt') } }
  })

const header = parts.map(list => list.filter(part => typeof part === 'string' || /^[\x21-\x7e]*$/.test(part.text)))

describe('a login response with tokens anywhere (R11–R13, A29, A30, A35)', () => {
  it('is kept as it is but for the tokens, of which none is left in body or headers', async () => {
    await fc.assert(
      fc.asyncProperty(response, tokensOf, header, header, async ({ document, options }, tokens, one, other) => {
        const { raw, redacted } = document(tokens)
        const sent = { 'X-Echo': fill(one, tokens), Link: `<${fill(other, tokens)}>; rel="me"` }
        const type = `${JSON_TYPE}; echo=${tokens.access}`
        const { response, stored } = await logIn(answerOf(raw, { ...sent, 'Content-Type': type }), options)

        expect(stored).toMatchObject({ accessToken: tokens.access, refreshToken: tokens.refresh })
        const text = await response.text()
        expect(text).toBe(redacted)
        // The same, asked without knowing how it should look.
        const found = [...stringsOf(JSON.parse(text)), ...[...response.headers].flat()]
        for (const token of Object.values(tokens)) expect(found.filter(string => string.includes(token))).toEqual([])
        expect(JSON.parse(text)).toEqual(mapStrings(JSON.parse(raw), string => covered(string, tokens)))
        for (const [name, sentValue] of Object.entries(sent))
          expect(response.headers.get(name)).toBe(covered(sentValue.trim(), tokens))
        expect(response.headers.get('Content-Type')).toBe(`${JSON_TYPE}; echo=${covered(tokens.access, tokens)}`)
      }),
      { numRuns: 300 },
    )
  })

  it('covers a megabyte of text, and ten thousand levels', async () => {
    const token = 'secret-access-token'
    for (const echo of [
      JSON.stringify('x'.repeat(900_000) + token),
      JSON.stringify(`${'"'.repeat(450_000)}${token}`),
      `${'['.repeat(10_000)}"${token}"${']'.repeat(10_000)}`,
      `${'{"x":'.repeat(10_000)}"${token}"${'}'.repeat(10_000)}`,
    ]) {
      const text = `{"echo":${echo},"access_token":"${token}"}`
      const { response } = await logIn(answerOf(text))
      expect((await response.text()) === text.replaceAll(token, ACCESS)).toBe(true)
    }
  })
})

describe('what holds no tokens that can be taken (R11)', () => {
  /** The page gets the very response, byte for byte; nobody is logged in, and nothing of it is said. */
  async function isUntouched(body: string | Uint8Array, headers?: Record<string, string>) {
    const answer = answerOf(body as BodyInit, headers)
    const { response, stored, log } = await logIn(answer)
    expect(response).toBe(answer)
    expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from(body as string))
    expect(stored).toEqual(nobody)
    expect(log).not.toMatch(/eyJ|secret/)
  }

  it('is passed on where it is no JSON, whatever it is', async () => {
    const body = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'binary' }))
    await fc.assert(
      fc.asyncProperty(body, async bytes => {
        const text = new TextDecoder().decode(Buffer.from(bytes as string))
        fc.pre(!isJson(text))
        await isUntouched(bytes)
      }),
    )
  })

  it('is passed on where it breaks off, wherever that is (A4)', async () => {
    await fc.assert(
      fc.asyncProperty(
        response,
        tokensOf,
        fc.double({ min: 0, max: 1, noNaN: true }),
        async ({ document }, tokens, part) => {
          const { raw } = document(tokens)
          await isUntouched(raw.slice(0, Math.min(raw.length - 1, Math.floor(part * raw.length))))
        },
      ),
    )
  })

  it.each(['text/plain', 'text/html', 'text/json', 'application/jsonp', 'application/javascript', 'json', ''])(
    'is passed on where it is called %j (A31)',
    async type => isUntouched('{"access_token":"secret-access-token"}', { 'Content-Type': type }),
  )

  it('is passed on where it is any JSON without a token of its own', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async json => {
        const names = ['access_token', 'token']
        fc.pre(typeof json !== 'object' || json === null || !names.some(name => Object.hasOwn(json, name)))
        await isUntouched(JSON.stringify(json))
      }),
    )
  })

  it.each([
    '{"__proto__":{"access_token":"secret-access-token"}}',
    '{"constructor":{"prototype":{"access_token":"secret-access-token"}}}',
    '[{"access_token":"secret-access-token"}]',
    '{"access_token":["secret-access-token"]}',
    '{"access_token":{"__proto__":{"token":"secret-access-token"}}}',
    '{"access_token":{"toString":"secret-access-token"}}',
  ])('is passed on where the token is no own member: %s (A13, H14)', async text => {
    await isUntouched(text)
    expect({}).not.toHaveProperty('access_token')
  })

  it('is passed on where every object inherits a token (H14)', async () => {
    const polluted = { access_token: 'secret-access-token', token: 'secret-token', refresh_token: 'secret-refresh' }
    Object.assign(Object.prototype, polluted)
    try {
      for (const text of ['{}', '[]', '{"user":{}}', '{"access_token":{}}', 'null']) await isUntouched(text)
      const { stored } = await logIn(answerOf('{"access_token":"own-access-token"}'))
      expect(stored).toMatchObject({ accessToken: 'own-access-token', refreshToken: null })
    } finally {
      for (const name of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, name)
    }
  })
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** All strings of a document, names included. */
function stringsOf(json: unknown): string[] {
  if (typeof json === 'string') return [json]
  if (typeof json !== 'object' || json === null) return []
  return Object.entries(json).flatMap(([name, inner]) => [name, ...stringsOf(inner)])
}

function mapStrings(json: unknown, edit: (text: string) => string): unknown {
  if (typeof json === 'string') return edit(json)
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) return json.map(inner => mapStrings(inner, edit))
  return Object.fromEntries(Object.entries(json).map(([name, inner]) => [edit(name), mapStrings(inner, edit)]))
}
