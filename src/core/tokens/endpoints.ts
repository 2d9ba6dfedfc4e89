import { RefreshWorkerError } from '../../errors.ts'
import { own } from '../../protocol.ts'
import { ISSUER } from '../features.ts'
import { readJson } from '../http/json.ts'
import { limited } from '../http/limit.ts'
import type { Endpoint } from '../http/urls.ts'
import type { Config, Endpoints } from '../options/config.ts'
import { parseEndpoint } from '../options/parse-endpoint.ts'
import type { Fetch, Log } from '../ports.ts'

/** The endpoints of the authorization server: those of the configuration, and with `issuer` those of its metadata. */
export interface EndpointFinder {
  /** As far as they are known, at once. */
  readonly known: () => Endpoints
  /** Whether there is nothing to find any more. */
  readonly isComplete: () => boolean
  /**
   * All of them.
   * @throws {RefreshWorkerError} codes `refresh_network_error`, `refresh_unavailable`: the metadata cannot be had now
   */
  readonly find: () => Promise<Endpoints>
}

/** What RFC 8414 §2 and OpenID Connect RP-Initiated Logout §2.1 have for us. */
interface Metadata {
  readonly tokenUrl: Endpoint
  readonly revocationUrl: Endpoint | null
  readonly endSessionUrl: Endpoint | null
}

interface Needs {
  readonly config: Endpoints & Pick<Config, 'issuer' | 'timeout'>
  readonly fetch: Fetch
  readonly log: Log
}

export function createEndpoints({ config, fetch, log }: Needs): EndpointFinder {
  if (!ISSUER) return { known: () => config, isComplete: () => true, find: async () => config }
  const { issuer } = config
  // Not in IndexedDB, where a script of the page could name another token endpoint; the browser's HTTP cache keeps them.
  let found: Endpoints | null = issuer === null ? config : null
  let finding: Promise<Endpoints> | undefined

  const find = async (issuer: string): Promise<Endpoints> => {
    const { tokenUrl, revocationUrl, endSessionUrl } = await discover(issuer, config.timeout, fetch)
    const { loginUrls, refreshTokenUrl } = config
    found = {
      loginUrls: loginUrls.length > 0 ? loginUrls : [tokenUrl],
      refreshTokenUrl: refreshTokenUrl ?? tokenUrl,
      revocationUrl: config.revocationUrl ?? revocationUrl,
      endSessionUrl: config.endSessionUrl ?? endSessionUrl,
    }
    return found
  }

  return {
    known: () => found ?? config,
    isComplete: () => found !== null,
    find: async () => {
      if (found || issuer === null) return found ?? config
      finding ??= find(issuer)
        .catch(error => {
          log('warn', `the metadata of the issuer cannot be had: ${error.message}`)
          throw error
        })
        .finally(() => {
          finding = undefined
        })
      return finding
    },
  }
}

/** @see RFC 8414 §3, OpenID Connect Discovery §4 */
async function discover(issuer: string, timeout: number, fetch: Fetch): Promise<Metadata> {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const problems: string[] = []
  let isReached = false
  for (const url of [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]) {
    const signal = AbortSignal.timeout(timeout)
    const request = new Request(url, {
      headers: { Accept: 'application/json' },
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      signal,
    })
    const response = await limited(signal, fetch(request)).catch(() => null)
    if (!response) {
      problems.push(`${url} could not be reached, or does not allow this origin (CORS)`)
      continue
    }
    isReached = true
    const json = await limited(signal, readJson(response)).catch(() => null)
    const metadata = response.ok && json ? read(json.body, issuer) : `answered ${response.status}, and no metadata`
    if (typeof metadata !== 'string') return metadata
    problems.push(`${url} ${metadata}`)
  }
  throw new RefreshWorkerError(isReached ? 'refresh_unavailable' : 'refresh_network_error', problems.join('; '))
}

/** The metadata, or what is wrong with it. */
function read(body: unknown, issuer: string): Metadata | string {
  // RFC 8414 §3.3: else somebody else may speak in the issuer's name.
  if (own(body, 'issuer') !== issuer)
    return `is of another issuer than ${JSON.stringify(issuer)}: the option must be the same, letter by letter`
  try {
    const endpointOf = (name: string): Endpoint | null => {
      const value = own(body, name)
      return typeof value === 'string' ? parseEndpoint('issuer', value, '', issuer) : null
    }
    const tokenUrl = endpointOf('token_endpoint')
    if (!tokenUrl) return 'names no token_endpoint: set loginUrl and refreshTokenUrl'
    return {
      tokenUrl,
      revocationUrl: endpointOf('revocation_endpoint'),
      endSessionUrl: endpointOf('end_session_endpoint'),
    }
  } catch {
    return 'names an endpoint that is no https URL'
  }
}
