import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { createMatcher } from '../../../../src/core/requests/routes.ts'
import { ConfigError } from '../../../../src/errors.ts'
import { configOf, ORIGIN } from '../../kit.ts'

/** The same runs every time, so that what turns red has been changed; others with FC_SEED. */
fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? 1) })
// Nobody's promise: a machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

/** What the matcher looks at; a real `Request` refuses some of these URLs, as browsers do before any worker sees them. */
const GET = { method: 'GET', mode: 'cors', destination: '' } as Request
const POST = { ...GET, method: 'POST' } as Request

type ApiUrls = Parameters<typeof createMatcher>[0]['apiUrls']
const matcherOf = (apiUrls: readonly string[]) => createMatcher(configOf({ apiUrls }))

const ALLOWED = 'https://api.example.com/v1/'

describe('the prefix https://api.example.com/v1/', () => {
  const match = matcherOf([ALLOWED])

  it.each([
    ['U1', 'https://api.example.com.evil.com/v1/'],
    ['U2', 'https://api.example.com@evil.com/v1/'],
    ['U2', 'https://api.example.com:443@evil.com/v1/'],
    ['U2', 'https://api.example.com%40evil.com/v1/'],
    ['U2', 'https://evil.com\\@api.example.com/v1/'],
    ['U3', 'https://apiXexample.com/v1/'],
    ['U4', 'https://api.example.community/v1/'],
    ['U5', 'https://evil.com/?u=https://api.example.com/v1/'],
    ['U6', 'https://evil.com/https://api.example.com/v1/'],
    ['U7', 'https://evil.com/#https://api.example.com/v1/'],
    ['U8', 'http://api.example.com/v1/'],
    ['U8', 'http://api.example.com:443/v1/'],
    ['U9', 'https://api.example.com:8443/v1/'],
    ['U9', 'https://api.example.com:80/v1/'],
    ['U10', 'https://api.example.com./v1/'],
    ['U11', '//evil.com/v1/'],
    ['U11', '///evil.com/v1/'],
    ['U12', 'https:\\\\evil.com\\v1'],
    ['U12', '\\\\evil.com\\v1\\'],
    ['U13', 'https://evil.com\\.api.example.com/'],
    ['U13', 'https://evil.com\\.api.example.com/v1/'],
    ['U14', 'https://api.example.com/v1/../admin'],
    ['U14', 'https://api.example.com/v1/%2e%2e/admin'],
    ['U14', 'https://api.example.com/v1/.%2E/admin'],
    ['U14', 'https://api.example.com/v1\\..\\admin'],
    ['U15', 'https://api.example.com/v1/..%2fadmin'],
    ['U15', 'https://api.example.com/v1%2f..%2fadmin'],
    ['U15', 'https://api.example.com/v1/%2e%2e%2fadmin'],
    ['U15', 'https://api.example.com/v1/%2e%2e%5cadmin'],
    ['U15', 'https://api.example.com/v1/x%2f..%2F..%2fadmin'],
    ['U15', 'https://api.example.com/v1/x%5C..%5C..%5Cadmin'],
    ['U16', 'https://api.example.com/v1evil'],
    ['U16', 'https://api.example.com/v1%2fevil'],
    ['U16', 'https://api.example.com/V1/'],
    ['U16', 'https://api.example.com/%76%31/'],
    ['U17', 'https://api.example.com/v1;x/'],
    ['U17', 'https://api.example.com//v1/'],
    // Servlet containers take it for `/v1/..`, and so for `/admin`.
    ['U17', 'https://api.example.com/v1/..;/admin'],
    ['U17', 'https://api.example.com/v1/..;x=1/admin'],
    ['U17', 'https://api.example.com/v1/%2e%2e%3b/admin'],
    ['U18', 'https://\u0430pi.example.com/v1/'],
    ['U18', 'https://api.ex\u0430mple.com/v1/'],
    ['U20', 'https://127.1/v1/'],
    ['U20', 'https://2130706433/v1/'],
    ['U20', 'https://[::ffff:127.0.0.1]/v1/'],
    ['U21', 'blob:https://api.example.com/v1/'],
    ['U21', 'data:text/plain,https://api.example.com/v1/'],
    ['U21', 'filesystem:https://api.example.com/v1/'],
    ['U21', 'about:blank'],
    ['U21', 'ws://api.example.com/v1/'],
    ['U21', 'wss://api.example.com/v1/'],
    ['U22', 'https://api.example.com\t.evil.com/v1/'],
    ['U22', 'https://evil.com/\nhttps://api.example.com/v1/'],
  ])('%s: does not take %j', (_, url) => {
    // What is no URL at all, browsers do not send.
    if (URL.canParse(url, ORIGIN)) expect(match(GET, new URL(url, ORIGIN))).toBeNull()
  })

  it.each([
    ['U16', 'https://api.example.com/v1'],
    ['U16', 'https://api.example.com/v1?x'],
    ['U18', 'https://\uff41pi.example.com/v1/'],
    ['U18', 'https://api\u3002example\uff0ecom/v1/'],
    ['U19', 'https://API.EXAMPLE.COM:443/v1/'],
    ['U19', 'HTTPS://api.example.com:/v1/'],
    ['U22', ' ht\ntps://api.exam\tple.com/v\r1/me '],
    ['U24', 'https://api.example.com/v1/#https://evil.com/'],
    ['U24', 'https://api.example.com/v1/?https://evil.com/'],
    ['U12', 'https:\\\\api.example.com\\v1\\me'],
    ['U14', 'https://api.example.com/admin/../v1/me'],
    ['U14', 'https://api.example.com/v1/./me/..'],
    ['U15', 'https://api.example.com/v1/group%2Fproject'],
    ['U15', 'https://api.example.com/v1/...%2Fproject'],
    ['U17', 'https://api.example.com/v1/orders;v=1/2'],
    ['U17', 'https://api.example.com/v1//me'],
  ])('%s: takes %j, which is what it says', (_, url) => {
    expect(match(GET, new URL(url, ORIGIN))).toBe('api')
  })

  it.each([
    ['slashes', '/'],
    ['dots', '.'],
    ['dotted segments', './../'],
    ['encoded slashes', '%2f'],
    ['encoded dots and slashes', '%2e%2f'],
    ['per cents', '%'],
    ['back-slashes', '%5c..'],
    ['parameters', ';'],
  ])('U23: is done with a megabyte of %s', (_, piece) => {
    const path = piece.repeat(Math.ceil(1_048_576 / piece.length))
    for (const prefix of ['https://api.example.com/v1/', 'https://api.example.com/', 'https://evil.com/'])
      expect(['api', null]).toContain(match(GET, new URL(`${prefix}x${path}`)))
    expect(match(GET, new URL(`https://api.example.com/v1/?${path}#${path}`))).toBe('api')
  })
})

it.each([
  ['https://127.0.0.1/', 'https://127.1/me'],
  ['https://127.0.0.1/', 'https://2130706433/me'],
  ['https://127.0.0.1/', 'https://0x7f.0.0.1/me'],
  ['https://[::ffff:127.0.0.1]/', 'https://[::ffff:7f00:1]/me'],
])('U20: the prefix %s takes %s, which is the same host', (prefix, url) => {
  expect(matcherOf([prefix])(GET, new URL(url))).toBe('api')
})

it.each(['https://127.0.0.1/me', 'https://[::1]/me', 'https://localhost./me', 'https://localhost:444/me'])(
  'U20: the prefix https://localhost/ does not take %s',
  url => {
    expect(matcherOf(['https://localhost/'])(GET, new URL(url))).toBeNull()
  },
)

it.each([
  '/LOGIN',
  '/login/',
  '//login',
  '///login//',
  '/log%69n',
  '/%6c%6F%67%69%6e',
  '/login%2f',
  '/Login/?x',
  '/login#x',
])('U26: no alias of the login URL gets the token: %s', alias => {
  const match = createMatcher(configOf({ baseUrl: 'https://api.example.com', apiUrls: ['/'], loginUrl: '/login' }))
  for (const request of [GET, POST]) expect(match(request, new URL(`https://api.example.com${alias}`))).not.toBe('api')
})

it.each(
  [
    '',
    ' ',
    '/',
    '/.',
    '/x/..',
    '*',
    '/*/..',
    'https://',
    'https:',
    'https:/',
    'https:api',
    'https:\\\\api.example.com',
    'api.example.com',
    'api/',
    './api/',
    '../api/',
    '?api',
    '#api',
    '//evil.com/v1/',
    '/\\evil.com/v1/',
    '\\\\evil.com\\v1\\',
    '/\t/evil.com/v1/',
    '/\n\\evil.com/v1/',
    'https://*.example.com',
    'https://*',
    'https://user@api.example.com/',
    'https://:secret@api.example.com/',
    'https://api.example.com/?v=1',
    'https://api.example.com/#v1',
    'https://api.example.com:99999/',
    'http://api.example.com/',
    'http://localhost.example.com/',
    'http://127.0.0.1.example.com/',
    'ws://localhost/',
    'blob:https://api.example.com/v1/',
    'data:text/plain,x',
    'javascript:alert(1)',
    'file:///api/',
    /api/g,
    /^https:\/\/api\.example\.com\//,
    42,
    null,
    true,
    {},
    [],
    { test: 'api' },
  ].map(entry => [entry instanceof RegExp ? String(entry) : JSON.stringify(entry), entry]),
)('U25: %s is no prefix', (_, entry) => {
  const apiUrls = [ALLOWED, entry] as readonly string[]
  expect(() => configOf({ apiUrls })).toThrow(ConfigError)
})

// --- the property ---

/** The same question as the matcher's, asked of the URL's text: no origin, no pathname, no regular expression on it. */
function isBelow(prefix: string, url: string): boolean {
  const allowed = split(prefix)
  const asked = split(url)
  if (!allowed || !asked || allowed.scheme !== asked.scheme || allowed.host !== asked.host) return false
  const wanted = allowed.segments.at(-1) === '' ? allowed.segments.slice(0, -1) : allowed.segments
  return wanted.every((segment, n) => segment === asked.segments[n]) && !asked.segments.some(mayClimb)
}

function split(url: string): { scheme: string; host: string; segments: string[] } | null {
  const text = new URL(url, ORIGIN).href
  const end = text.indexOf('://')
  if (end === -1) return null
  const rest = text.slice(end + 3)
  const isEnd = (character: string) => character === '?' || character === '#'
  const length = [...rest].findIndex(isEnd)
  const [authority = '', ...segments] = (length === -1 ? rest : [...rest].slice(0, length).join('')).split('/')
  return { scheme: text.slice(0, end), host: authority.slice(authority.lastIndexOf('@') + 1), segments }
}

/** Whether a server that decodes a segment before it resolves dots, and ignores parameters, would see dots in it. */
function mayClimb(segment: string): boolean {
  const query = `x=${segment.split('+').join('%2B').split('&').join('%26')}`
  const decoded = new URLSearchParams(query).get('x') ?? ''
  const names = decoded.split('\\').join('/').split('/')
  return names.some(name => ['.', '..'].includes(name.split(';')[0] ?? ''))
}

const oneOf = (...values: readonly string[]) => fc.constantFrom(...values)
const HOSTS = [
  'api.example.com',
  'API.Example.COM',
  'api.example.com.',
  'api.example.com.evil.com',
  'api.example.community',
  'evil.com',
  'xapi.example.com',
  'apiXexample.com',
  '\u0430pi.example.com',
  '\uff41pi.example.com',
  'api\u3002example.com',
  'api.example.com%00.evil.com',
  'api.exam\tple.com',
  'api.example.com\n',
  'api%2eexample.com',
  'app.example',
  '127.0.0.1',
  '127.1',
  '2130706433',
  '[::ffff:127.0.0.1]',
  '[::1]',
  'localhost',
  '',
]
const SEGMENTS = [
  'v1',
  'V1',
  'v1;x',
  'v1;',
  'v1evil',
  'v1%2f',
  '%76%31',
  'v%31',
  '\uff561',
  'api',
  'admin',
  '',
  '.',
  '..',
  '...',
  '..;',
  '.;x=1',
  '..;x',
  ';..',
  '%2e',
  '%2E%2e',
  '.%2e',
  '..%2f',
  '..%2Fadmin',
  '%2f..%2f',
  'x%2f..',
  '..%5c',
  '%5c..%5C',
  '..\\',
  '%252e%252e',
  '%252f',
  'x%ff..',
  '%',
  '%2',
  '100%',
  'a+b&c=d',
  '..+',
  '\t..',
  '.\n.',
  'group%2Fproject',
]

const hostileUrl = fc
  .tuple(
    oneOf('https:', 'HTTPS:', 'http:', ' https:', 'ht\ntps:', 'https:\t', 'wss:', 'ws:', 'ftp:', 'blob:https:', ''),
    oneOf('//', '//', '//', '/', '///', '\\\\', '\\/', '/\t/', ''),
    oneOf(
      '',
      '',
      '',
      'u:p@',
      'api.example.com@',
      'api.example.com\\@',
      'api.example.com%40',
      '@',
      'evil.com/@',
      'a@b@',
    ),
    fc.oneof(oneOf(...HOSTS), fc.domain()),
    oneOf('', '', '', ':', ':443', ':0443', ':8443', ':80', ':99999', ':443@evil.com'),
    fc.array(
      fc.tuple(
        oneOf('/', '/', '/', '//', '\\', '%2f', '/;'),
        fc.oneof({ weight: 5, arbitrary: oneOf(...SEGMENTS) }, fc.webSegment(), fc.string({ unit: 'binary' })),
      ),
      { maxLength: 6 },
    ),
    oneOf('', '?', '?https://api.example.com/v1/', '#https://api.example.com/v1/', '?/../', '#/../', ' '),
  )
  .map(([scheme, slashes, user, host, port, path, rest]) =>
    [scheme, slashes, user, host, port, ...path.flat(), rest].join(''),
  )

const anyUrl = fc.oneof({ weight: 8, arbitrary: hostileUrl }, fc.webUrl(), fc.string({ unit: 'binary' }))

/** None of them is above a login or token URL: those are another matter. */
const PREFIXES = [
  'https://api.example.com/v1/',
  'https://api.example.com:8443/v1',
  'https://evil.com.example/',
  '/api/',
]
const ROOTS = ['https://api.example.com', 'https://127.0.0.1/', 'https://[::1]/', 'http://localhost/v1/']

describe('over hostile URLs', () => {
  const settings = [PREFIXES, ROOTS, ['/api/', 'https://api.example.com/v1/v1/']].map(prefixes => {
    return { prefixes, match: matcherOf(prefixes) }
  })
  const each = (check: (url: string, setting: (typeof settings)[number]) => void) =>
    fc.assert(
      fc.property(anyUrl, url => {
        if (URL.canParse(url, ORIGIN)) for (const setting of settings) check(url, setting)
      }),
      { numRuns: 10_000 },
    )

  it('the token goes to what is below a prefix, by another reading of the URL, and nowhere else (U1–U24)', () => {
    let taken = 0
    each((url, { prefixes, match }) => {
      const isTaken = match(GET, new URL(url, ORIGIN)) === 'api'
      if (isTaken) taken++
      expect(isTaken).toBe(prefixes.some(prefix => isBelow(prefix, url)))
    })
    // Or it would show nothing.
    expect(taken).toBeGreaterThan(100)
  })

  it('the token goes to configured origins only (R4)', () => {
    each((url, { prefixes, match }) => {
      const origins = prefixes.map(prefix => new URL(prefix, ORIGIN).origin)
      if (match(GET, new URL(url, ORIGIN)) !== null) expect(origins).toContain(new URL(url, ORIGIN).origin)
    })
  })

  it('no prefix of a configuration leads to another origin than it names (U25)', () => {
    const paths = fc.oneof(
      fc.array(oneOf('/', '\\', '\t', '\n', '\r', ' ', '.', '..', 'evil.com', '@', ':', '%2f', 'x', 'https:')),
      hostileUrl.map(url => [url]),
    )
    fc.assert(
      fc.property(paths, pieces => {
        const path = `/${pieces.join('')}`
        let apiUrls: ApiUrls
        try {
          apiUrls = configOf({ apiUrls: [path] }).apiUrls
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError)
          return
        }
        expect(apiUrls).toMatchObject([{ origin: ORIGIN }])
      }),
      { numRuns: 5_000 },
    )
  })
})
