import { ConfigError } from '../../errors.ts'
import { type Endpoint, isSecure } from '../http/urls.ts'
import type { Options } from './options.ts'
import { show } from './show.ts'

/**
 * @param value joined to `baseUrl` unless it is absolute, then resolved against `scriptUrl`
 * @param isChecked whether this very value was parsed before
 * @throws {ConfigError} code `config_error`, of the option `name`
 */
export function parseEndpoint(
  name: keyof Options,
  value: string,
  baseUrl: string,
  scriptUrl: string,
  isChecked = false,
): Endpoint {
  const joined = !baseUrl || isAbsolute(value) ? value : `${baseUrl.replace(/\/+$/, '')}/${value.replace(/^\/+/, '')}`
  const { href, origin, pathname, search } = isChecked
    ? new URL(joined, scriptUrl)
    : checkedUrl(name, value, joined, scriptUrl)
  return { href, origin, pathname, search }
}

function checkedUrl(name: keyof Options, value: string, joined: string, scriptUrl: string): URL {
  const wrong = (problem: string) => new ConfigError(name, `got ${show(value)}, ${problem}`)
  // URL parsers skip them, wherever they stand: `/\t/evil.example/` is another host.
  if (/[\t\n\r]/.test(joined)) throw wrong('takes a URL without tabs and line breaks')
  if (!/^([a-z][a-z\d+.-]*:\/)?\/(?![/\\])/i.test(joined))
    throw wrong('takes an absolute URL or a path that starts with one slash')
  const url = URL.canParse(joined, scriptUrl) ? new URL(joined, scriptUrl) : null
  if (!url) throw wrong('which is not a URL')
  if (url.username || url.password) throw wrong('takes a URL without user name and password')
  if (url.hostname.includes('*')) throw wrong('takes a URL without wildcards: use a predicate, (url) => boolean')
  if (url.hash) throw wrong('takes a URL without a fragment')
  if (!isSecure(url))
    throw wrong(
      'takes https: (http: only for localhost), since whoever is on the way could read the token (RFC 6750, section 5)',
    )
  return url
}

export function isAbsolute(url: string): boolean {
  return /^[a-z][a-z\d+.-]*:/i.test(url)
}
