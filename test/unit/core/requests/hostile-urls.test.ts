import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { Options } from '../../../../src/core/options/options.ts'
import { warnOnce } from '../../../../src/core/requests/predicates.ts'
import { createMatcher } from '../../../../src/core/requests/routes.ts'
import { ConfigError } from '../../../../src/errors.ts'
import { configOf, ORIGIN } from '../../kit.ts'

/** The same runs every time, so that what turns red has been changed; others with FC_SEED. */
fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? 1) })
// Nobody's promise: a machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

/** What the matcher looks at; a real `Request` refuses some of these URLs, as browsers do before any worker sees them. */
const GET = { method: 'GET', mode: 'cors', destination: '', headers: new Headers() } as Request
const POST = { ...GET, method: 'POST' } as Request

type ApiUrls = Parameters<typeof createMatcher>[0]['apiUrls']
const matcherOf = (apiUrls: Options['apiUrls']) => createMatcher(configOf({ apiUrls }))

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

/** What servers have taken for one character, though UTF-8 forbids it. */
const OVERLONG = [
  ['%c0%ae', '.'],
  ['%c0%af', '/'],
  ['%c1%9c', '\\'],
  ['%e0%80%ae', '.'],
  ['%e0%80%af', '/'],
] as const

function decodeOnce(text: string): string {
  const plain = OVERLONG.reduce((result, [long, short]) => {
    let at = result.toLowerCase().indexOf(long)
    let rest = result
    for (; at !== -1; at = rest.toLowerCase().indexOf(long))
      rest = rest.slice(0, at) + short + rest.slice(at + long.length)
    return rest
  }, text)
  const query = `x=${plain.split('+').join('%2B').split('&').join('%26')}`
  return new URLSearchParams(query).get('x') ?? ''
}

/** Whether a server that decodes up to three times before it resolves dots, and ignores what is behind a name, sees dots. */
function mayClimb(segment: string): boolean {
  const decoded = decodeOnce(decodeOnce(decodeOnce(segment)))
  const names = decoded.split('\\').join('/').split('/')
  const isBlank = (character: string | undefined) => character !== undefined && ' \t\n\v\f\r'.includes(character)
  return names.some(name => {
    const end = [...name].findIndex(character => ';?#\0'.includes(character))
    let characters = end === -1 ? [...name] : [...name].slice(0, end)
    while (isBlank(characters[0])) characters = characters.slice(1)
    while (isBlank(characters.at(-1))) characters = characters.slice(0, -1)
    return ['.', '..'].includes(characters.join(''))
  })
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
  '%25252e%25252e',
  '%252f..',
  '%c0%ae%c0%ae',
  '..%C0%AFadmin',
  '%e0%80%ae.',
  '..%20',
  '..%09',
  '..%00',
  '..%3fx',
  '..%23',
  '%20..',
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

describe('V14: a segment that some server takes for dots gets no token', () => {
  it.each([
    '..%20',
    '..%09',
    '..%00',
    '..%3f',
    '..%23',
    '%252e%252e',
    '%c0%ae%c0%ae',
    '%e0%80%ae.',
    '..%5cx',
    '..;x=1',
  ])('%s', name => {
    const match = matcherOf(['/api/', url => url.pathname.startsWith('/own/')])
    for (const path of [`/api/${name}/admin`, `/own/${name}/admin`])
      expect(match(GET, new URL(path, ORIGIN))).toBeNull()
  })

  it('and one that none does, gets it', () => {
    const match = matcherOf(['/api/'])
    for (const path of ['/api/v1.0', '/api/a;x=1', '/api/a%20b', '/api/...', '/api/.well-known/x', '/api/a..b'])
      expect(match(GET, new URL(path, ORIGIN))).toBe('api')
  })
})

describe('V13: what a lenient server takes for the login URL is one', () => {
  const match = createMatcher(configOf({ apiUrls: ['/auth/'], loginUrl: '/auth/login' }))
  const POST = new Request(ORIGIN, { method: 'POST' })
  it.each([
    '/auth/login;x=1',
    '/auth%5clogin',
    '/auth/login.',
    '/auth/login%20',
    '/auth/login%00',
    '/auth/%256cogin',
    '/auth%252flogin',
    '/auth%c0%aflogin',
    '/auth/x/..%2flogin',
    '/auth/x/..%252flogin',
    '/auth/.%2flogin',
    '/auth/login%3fx',
    '/AUTH//Login/',
  ])('%s', path => {
    expect(match(POST, new URL(path, ORIGIN))).toBe('login')
    expect(match(GET, new URL(path, ORIGIN))).not.toBe('api')
  })
})

/** What servers, and proxies before them, have been seen to take for an ASCII character. */
const hex = (code: number, length = 2) => code.toString(16).padStart(length, '0')
const bits = (char: string) => {
  const code = char.charCodeAt(0)
  return { code, first: code >> 6, last: hex(0x80 | (code & 0x3f)) }
}
const SPELLINGS: Readonly<Record<string, (char: string) => string>> = {
  escaped: char => `%${hex(char.charCodeAt(0))}`,
  'escaped twice': char => `%25${hex(char.charCodeAt(0))}`,
  'escaped three times': char => `%2525${hex(char.charCodeAt(0))}`,
  'overlong, 2 bytes': char => `%c${bits(char).first}%${bits(char).last}`,
  'overlong, 3 bytes': char => `%e0%8${bits(char).first}%${bits(char).last}`,
  'overlong, 4 bytes': char => `%f0%80%8${bits(char).first}%${bits(char).last}`,
  'overlong, 5 bytes': char => `%f8%80%80%8${bits(char).first}%${bits(char).last}`,
  'overlong, 6 bytes': char => `%fc%80%80%80%8${bits(char).first}%${bits(char).last}`,
  'overlong, a bad last byte': char => `%c${bits(char).first}%${hex(bits(char).code & 0x3f)}`,
  'overlong, escaped twice': char => `%25c${bits(char).first}%25${bits(char).last}`,
  'of IIS': char => `%u${hex(char.charCodeAt(0), 4)}`,
  'of IIS, escaped twice': char => `%25u${hex(char.charCodeAt(0), 4)}`,
  'full-width': char => encodeURIComponent(String.fromCharCode(char.charCodeAt(0) + 0xfee0)),
  'full-width, of IIS': char => `%u${hex(char.charCodeAt(0) + 0xfee0, 4)}`,
}
/** What is dropped at the end of a segment. */
const ENDINGS = [
  '',
  '%20',
  '%09',
  '%0b',
  '%1f',
  '%7f',
  '%a0',
  '%c2%a0',
  '%20.',
  '%20.%20.',
  '%20%20',
  '%00',
  '%00x',
  ';',
  ';x=1',
  '%3fx',
  '%23x',
].filter(ending => ending !== '%a0')

describe.each(Object.entries(SPELLINGS))('a character that is spelt otherwise: %s', (_, spell) => {
  const api = matcherOf(['/api/', url => url.pathname.startsWith('/own/')])
  const login = createMatcher(configOf({ apiUrls: ['/auth/'], loginUrl: '/auth/login' }))
  it.each(ENDINGS)('V14: gets no token where it makes a segment of dots, with %s after them', ending => {
    for (const dots of [`${spell('.')}${spell('.')}`, `.${spell('.')}`, `${spell('.')}.`, spell('.')])
      for (const area of ['/api/', '/own/']) {
        const url = new URL(`${area}x/${dots}${ending}/admin`, ORIGIN)
        // URL parsers know these by themselves.
        if (url.pathname.includes('%')) expect([dots, api(GET, url)]).toEqual([dots, null])
      }
    for (const slash of [spell('/'), spell('\\')])
      expect(api(GET, new URL(`/api/x${slash}..${ending}${slash}admin`, ORIGIN))).toBeNull()
  })
  it.each([...ENDINGS, '.', '.%20', '..', '%2e%20.'])(
    'V13: is a login where it makes that, with %s after it',
    ending => {
      for (const name of [`${spell('l')}ogin`, `lo${spell('G')}in`, `logi${spell('n')}`])
        for (const path of [
          `/auth/${name}${ending}`,
          `/auth${spell('/')}${name}${ending}`,
          `/auth/x${spell('/')}..${spell('/')}${name}`,
        ]) {
          const url = new URL(path, ORIGIN)
          expect([path, login(POST, url), login(GET, url)]).toEqual([path, 'login', null])
        }
    },
  )
})

describe('V13: a login URL with a query', () => {
  const match = createMatcher(
    configOf({
      apiUrls: ['/api/'],
      loginUrl: '/index.php?route=login',
      refreshTokenUrl: '/index.php?route=login&do=refresh',
    }),
  )
  it.each([
    ['?route=login', 'login'],
    ['?route=login&lang=de', 'login'],
    ['?lang=de&route=login', 'login'],
    ['?route=%6cogin', 'login'],
    ['?rout%65=login&', 'login'],
    ['?route=x&route=login', 'login'],
    ['?do=refresh&route=login', 'token'],
    ['?route=Login', null],
    ['?route=logout', null],
    ['?xroute=login', null],
    ['', null],
  ] as const)('has its parameters there, decoded and in any order: %s', (search, kind) => {
    expect(match(POST, new URL(`/index.php${search}`, ORIGIN))).toBe(kind)
  })
})

describe('V10: a URLPattern without an origin', () => {
  const pattern = {
    protocol: '*',
    hostname: '*',
    port: '*',
    test: (url: string) => new URL(url).pathname.startsWith('/v2/'),
  }
  const match = matcherOf([pattern])
  it("means the worker's own", () => {
    expect(match(GET, new URL('/v2/me', ORIGIN))).toBe('api')
    for (const url of ['https://evil.com/v2/me', 'http://app.example/v2/me', 'https://app.example:8443/v2/me'])
      expect(match(GET, new URL(url))).toBeNull()
  })
  const matcherAt = (hostname: string, port = '*') => {
    const named = { ...pattern, hostname, port }
    return matcherOf([named])
  }
  it('with a host takes that, by https alone', () => {
    const match = matcherAt('api.example.com')
    expect(match(GET, new URL('https://api.example.com/v2/me'))).toBe('api')
    expect(match(GET, new URL('http://api.example.com/v2/me'))).toBeNull()
  })
  it('and without a port takes the usual one', () => {
    const url = new URL('https://api.example.com:8443/v2/me')
    expect(matcherAt('api.example.com')(GET, url)).toBeNull()
    expect(matcherAt('api.example.com', '8443')(GET, url)).toBe('api')
  })
  it.each([
    '*.*',
    '*example.com',
    '{*}?example.com',
    '(.+)',
    '**',
    '{*}?',
    ':host',
    ':a.:b',
    '*.com',
    '(.*).com',
    'example.*',
    'api.(com|org)',
  ])('is refused where its hostname takes anybody: %s', hostname => {
    expect(() => matcherAt(hostname)).toThrow(ConfigError)
  })
  it.each([
    'api.example.com',
    '*.example.com',
    '{*.}?example.com',
    ':sub.example.com',
    'localhost',
    '127.0.0.1',
    '[::1]',
  ])('is taken where its hostname names a domain: %s', hostname => {
    expect(matcherAt(hostname)(GET, new URL('https://any.example/v2/'))).toBe('api')
  })
})

describe('a predicate in apiUrls', () => {
  it('V11: that throws says no, is warned of once, and lets the others decide', () => {
    const log: string[] = []
    const apiUrls = [
      () => {
        throw new TypeError('secret')
      },
      (url: URL) => url.pathname === '/v2/me',
    ]
    const match = createMatcher(
      configOf({ apiUrls }),
      undefined,
      warnOnce((_, line) => void log.push(line)),
    )
    expect(match(GET, new URL('/v2/me', ORIGIN))).toBe('api')
    expect(match(GET, new URL('/v2/you?token=secret', ORIGIN))).toBeNull()
    expect(match(new Request(ORIGIN, { method: 'POST' }), new URL('/auth/login', ORIGIN))).toBe('login')
    expect(log).toEqual([expect.stringContaining('apiUrls')])
    expect(log.join()).not.toContain('secret')
  })

  it('V12: has a URL of its own to change', () => {
    const seen: string[] = []
    const match = matcherOf([
      url => {
        url.pathname = '/changed'
        return false
      },
      url => {
        seen.push(url.pathname)
        return false
      },
    ])
    const url = new URL('/v2/me', ORIGIN)
    match(GET, url)
    expect([...seen, url.pathname]).toEqual(['/v2/me', '/v2/me'])
  })
})
