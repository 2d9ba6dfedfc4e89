import type { Answer, Client } from './client.ts'
import type { ProbeConfig } from './config.ts'
import type { Say } from './say.ts'

/** What each request of the worker's to another origin needs of its CORS headers. */
export async function checkCors(config: ProbeConfig, client: Client, say: Say): Promise<void> {
  const { origin, loginUrl, refreshTokenUrl, apiUrl } = config
  const isCookie = (url: string) => url !== apiUrl && config.refreshTokenIn === 'cookie'
  const asks: readonly [step: string, url: string, method: string, headers: readonly string[]][] = [
    ['login', loginUrl, 'POST', ['content-type']],
    [
      'refresh',
      refreshTokenUrl,
      'POST',
      [
        ...(config.formEncoded ? [] : ['content-type', 'authorization']),
        ...(config.refreshTokenIn === 'cookie' ? ['x-requested-with'] : []),
      ],
    ],
    ['API', apiUrl, 'GET', config.accessTokenIn === 'header' ? ['authorization'] : []],
  ]
  for (const [step, url, method, headers] of asks) {
    if (new URL(url).origin === origin) continue
    const answer = await client.ask('OPTIONS', url, {
      headers: { 'Access-Control-Request-Method': method, 'Access-Control-Request-Headers': headers.join(',') },
    })
    const problems = problemsOf(answer, origin, headers, isCookie(url) || config.accessTokenIn === 'cookie')
    if (problems.length === 0) say('ok', `CORS, ${step}`, 'allows this origin')
    else say('mend', `CORS, ${step}`, `the preflight's answer ${problems.join(', and ')}`)
  }
}

function problemsOf({ status, headers }: Answer, origin: string, wanted: readonly string[], needsCookies: boolean) {
  const problems: string[] = []
  if (status < 200 || status > 299) problems.push(`is ${status}: OPTIONS has to be answered without a login`)
  const allowed = headers.get('Access-Control-Allow-Origin')
  if (allowed !== origin && (allowed !== '*' || needsCookies))
    problems.push(`allows ${allowed ?? 'no origin'}, which is to be ${origin}`)
  const names = (headers.get('Access-Control-Allow-Headers') ?? '').toLowerCase().split(/\s*,\s*/)
  // A star never stands for Authorization.
  const missing = wanted.filter(name => !names.includes(name) && (name === 'authorization' || !names.includes('*')))
  if (missing.length > 0) problems.push(`does not allow ${missing.join(', ')}`)
  if (needsCookies && headers.get('Access-Control-Allow-Credentials') !== 'true') problems.push('allows no credentials')
  return problems
}

/** Cookies that hold tokens: what a browser keeps from scripts and from other sites. */
export function checkCookies(config: ProbeConfig, { setCookies }: Answer, say: Say): void {
  if (config.refreshTokenIn !== 'cookie') return
  if (setCookies.length === 0) say('mend', 'cookies', 'the login sets none')
  for (const line of setCookies) {
    const name = line.slice(0, line.indexOf('='))
    const has = (attribute: RegExp) => line.split(';').some(part => attribute.test(part.trim()))
    const missing = [
      ...(has(/^httponly$/i) ? [] : ['HttpOnly']),
      ...(has(/^secure$/i) || config.origin.startsWith('http://localhost') ? [] : ['Secure']),
      ...(has(/^samesite=(lax|strict)$/i) ? [] : ['SameSite=Lax or Strict']),
    ]
    if (missing.length === 0) say('ok', 'cookies', `${name} is kept from scripts and other sites`)
    else say('mend', 'cookies', `${name} has no ${missing.join(', ')}`)
  }
}
