import { parseJson } from '../../core/http/json.ts'

/** How long an answer may take (milliseconds). */
const LIMIT = 15_000

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Undefined where it is no JSON. */
  readonly body: unknown
  readonly setCookies: readonly string[]
}

/** A browser's part: its cookies, and what it says of where a request is from. */
export interface Client {
  readonly ask: (
    method: string,
    url: string,
    init?: { headers?: Record<string, string>; body?: string },
  ) => Promise<Answer>
  /** As another browser with the same cookies. */
  readonly copy: () => Client
}

interface Cookie {
  readonly value: string
  readonly path: string
}

export function createClient(origin: string, cookies = new Map<string, Cookie>()): Client {
  const keep = (lines: readonly string[], url: URL) => {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(';').map(part => part.trim())
      const name = pair.slice(0, pair.indexOf('='))
      const attribute = (wanted: string) =>
        attributes.find(each => each.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1)
      const path = attribute('path') ?? url.pathname.replace(/\/[^/]*$/, '/')
      const isGone = attribute('max-age') === '0' || Date.parse(attribute('expires') ?? '') < Date.now()
      if (isGone) cookies.delete(name)
      else cookies.set(name, { value: pair.slice(name.length + 1), path })
    }
  }
  const cookieFor = ({ pathname }: URL) =>
    [...cookies]
      .filter(([, { path }]) => pathname === path || pathname.startsWith(path.replace(/\/?$/, '/')))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ')
  return {
    ask: async (method, href, { headers = {}, body } = {}) => {
      const url = new URL(href)
      const cookie = cookieFor(url)
      const response = await fetch(url, {
        method,
        redirect: 'manual',
        signal: AbortSignal.timeout(LIMIT),
        headers: {
          Accept: 'application/json',
          Origin: origin,
          'Sec-Fetch-Site': url.origin === origin ? 'same-origin' : 'cross-site',
          ...(cookie && method !== 'OPTIONS' ? { Cookie: cookie } : {}),
          ...headers,
        },
        ...(body === undefined ? {} : { body }),
      })
      const text = await response.text()
      const setCookies = response.headers.getSetCookie()
      keep(setCookies, url)
      const isJson = /\bjson\b/i.test(response.headers.get('Content-Type') ?? '')
      return {
        status: response.status,
        headers: response.headers,
        text,
        body: isJson ? parseJson(text) : undefined,
        setCookies,
      }
    },
    copy: () => createClient(origin, new Map(cookies)),
  }
}
