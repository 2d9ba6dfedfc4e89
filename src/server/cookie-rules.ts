import type { ConfigError } from '../errors.ts'

/** What browsers and headers ask of a cookie; `wrong` makes the error of whoever's option it is. */
type Wrong = (problem: string) => ConfigError

export function assertPath(path: unknown, wrong: Wrong): asserts path is string {
  if (typeof path !== 'string' || !/^\/[\x21-\x3a\x3c-\x7e]*$/.test(path))
    throw wrong("must have a path, such as '/auth', without spaces and semicolons")
}

export function assertName(name: unknown, wrong: Wrong): asserts name is string {
  if (typeof name !== 'string' || !/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw wrong('has a name that no cookie can have')
}

/** Browsers drop such a cookie without a word (RFC 6265bis §4.1.3), whatever the case of the prefix. */
export function assertPrefix(name: string, { path, secure }: { path: string; secure: boolean }, wrong: Wrong) {
  if (/^__(host|secure|http)-/i.test(name) && !secure) throw wrong(`has the name ${name}, which takes secure: true`)
  if (/^__host-/i.test(name) && path !== '/') throw wrong(`has the name ${name}, which takes the path '/'`)
}
