import { ConfigError } from '../errors.ts'
import { type Cookie, readOptions, type TokenOptions } from './options.ts'

/** Browsers take no more of name and value. */
const LONGEST_COOKIE = 4096

export function serialize({ name, path, secure }: Cookie, value: string, maxAge: number): string {
  if (name.length + value.length > LONGEST_COOKIE)
    throw new ConfigError(
      'refreshTokenCookie',
      `makes no cookie of more than ${LONGEST_COOKIE} bytes: issue fewer claims`,
    )
  return `${name}=${value}; Path=${path}; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
}

/** All of that name: one of another path or domain, or one that another host of the site has planted, comes beside ours. */
export function readCookies(header: string | string[] | undefined, name: string): string[] {
  if (typeof header !== 'string') return []
  const pairs = header.split(';').map(pair => pair.trim())
  return pairs.filter(pair => pair.startsWith(`${name}=`)).map(pair => pair.slice(name.length + 1))
}

export function cookieOf(options: TokenOptions): Cookie {
  const { cookie } = readOptions(options)
  if (!cookie) throw new ConfigError('refreshTokenCookie', "is not set; it takes { path: '/auth' } or the like")
  return cookie
}
