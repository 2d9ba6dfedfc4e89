import { UsageError } from '../files.ts'

/** What a probe is told: the worker's options of the same names, an account for tests, and where its pages are. */
export interface ProbeConfig {
  /** Of the pages, such as `https://app.example`; relative URLs are resolved against it. */
  readonly origin: string
  readonly loginUrl: string
  /** The body of a login of an account for tests. */
  readonly credentials: Readonly<Record<string, unknown>>
  /** A GET that needs a login. */
  readonly apiUrl: string
  /** `loginUrl` unless given. */
  readonly refreshTokenUrl: string
  readonly logoutUrl: string | null
  readonly logoutMethod: string
  readonly accessTokenIn: 'header' | 'cookie'
  readonly refreshTokenIn: 'body' | 'cookie'
  readonly accessTokenProp: string
  readonly refreshTokenProp: string
  readonly refreshTokenSubmitProp: string
  readonly clientId: string | null
  readonly formEncoded: boolean
}

const DEFAULTS = {
  refreshTokenUrl: null,
  logoutUrl: null,
  logoutMethod: 'get',
  accessTokenIn: 'header',
  refreshTokenIn: null,
  accessTokenProp: 'access_token',
  refreshTokenProp: 'refresh_token',
  refreshTokenSubmitProp: 'refresh_token',
  clientId: null,
  formEncoded: false,
}
const NEEDED = ['origin', 'loginUrl', 'credentials', 'apiUrl']

/** @throws {UsageError} what is wrong with it */
export function readProbeConfig(text: string, path: string): ProbeConfig {
  const wrong = (problem: string) => new UsageError(`${path} ${problem}`)
  let given: Record<string, unknown>
  try {
    given = JSON.parse(text)
  } catch {
    throw wrong('is no JSON')
  }
  if (typeof given !== 'object' || given === null) throw wrong('holds no object')
  for (const name of NEEDED) if (given[name] === undefined) throw wrong(`has no ${name}; it takes ${NEEDED.join(', ')}`)
  for (const name of Object.keys(given))
    if (!NEEDED.includes(name) && !Object.hasOwn(DEFAULTS, name))
      throw wrong(`has ${name}, which is unknown: there is ${Object.keys(DEFAULTS).join(', ')}`)
  const all = { ...DEFAULTS, ...given } as Record<string, unknown>
  const url = (name: string) => {
    const value = all[name]
    if (typeof value !== 'string' || !URL.canParse(value, String(all.origin))) throw wrong(`has no URL as ${name}`)
    return new URL(value, String(all.origin)).href
  }
  const accessTokenIn = all.accessTokenIn === 'cookie' ? 'cookie' : 'header'
  return {
    ...(all as unknown as ProbeConfig),
    origin: new URL(url('origin')).origin,
    loginUrl: url('loginUrl'),
    apiUrl: url('apiUrl'),
    refreshTokenUrl: all.refreshTokenUrl === null ? url('loginUrl') : url('refreshTokenUrl'),
    logoutUrl: all.logoutUrl === null ? null : url('logoutUrl'),
    logoutMethod: String(all.logoutMethod).toUpperCase(),
    accessTokenIn,
    refreshTokenIn: accessTokenIn === 'cookie' || all.refreshTokenIn === 'cookie' ? 'cookie' : 'body',
  }
}
