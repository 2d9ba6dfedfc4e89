import { own } from '../../protocol.ts'
import { base64url } from '../http/base64url.ts'
import { keepForReplay, type Replay } from '../http/body.ts'
import { parseDate } from '../http/dates.ts'
import { readJson } from '../http/json.ts'
import { rebuild } from '../http/rebuild.ts'
import { isFromElsewhere } from '../http/redirects.ts'
import type { Config, HeaderOptions, SessionName } from '../options/config.ts'
import type { Clock, Es256, Fetch, NewId, Store } from '../ports.ts'
import { createProofKeys, type ProofKeys } from './dpop-key.ts'

/** By less (milliseconds) no server refuses a proof, and so much may be due to the way that an answer takes. */
const CLOCK_TOLERANCE = 5_000

/**
 * Sends a request with a proof that this browser has the key, for the access token that the request carries where it
 * carries one. Once more, with what `again` settles with, where the server refuses the proof and has told what the next
 * one needs.
 * @see RFC 9449
 */
export type Prover = (request: Request, again: Replay['again']) => Promise<Response>

export interface Dpop {
  /** For a request whose answer may hold tokens. */
  readonly login: Fetch
  readonly refresh: Fetch
  /** For requests that carry a token. */
  readonly prover: Prover
}

interface Needs {
  readonly config: SessionName & HeaderOptions & Pick<Config, 'replayBodyLimit'>
  readonly store: Store
  readonly es256: Es256
  readonly fetch: Fetch
  readonly now: Clock
  readonly newId: NewId
}

export function createDpop({ config, store, ...ports }: Needs): Dpop {
  const keys = createProofKeys({ config, store, es256: ports.es256 })
  // The API may give nonces of its own, even on the origin of the authorization server: two provers, two memories.
  const atTokenEndpoint = createProver({ ...ports, config, keys, errorOf: errorInBody })
  const refresh: Fetch = request => {
    const replay = keepForReplay(request, config.replayBodyLimit)
    return atTokenEndpoint(replay.request, replay.again)
  }
  return {
    login: async request => {
      await keys.forLogin()
      return refresh(request)
    },
    refresh,
    prover: createProver({ ...ports, config, keys, errorOf: errorInHeader }),
  }
}

interface ProverNeeds extends Pick<Needs, 'es256' | 'fetch' | 'now' | 'newId'> {
  readonly config: Pick<HeaderOptions, 'authHeader'>
  readonly keys: Pick<ProofKeys, 'current'>
  /** The error code of an answer. */
  readonly errorOf: (response: Response) => unknown
}

export function createProver({ config, keys, es256, fetch, now, newId, errorOf }: ProverNeeds): Prover {
  /** The newest nonce of each origin; a worker that starts anew has to be told again. */
  const nonces = new Map<string, string>()
  /** How far (milliseconds) the servers' clock is ahead of ours, where that has been the reason for a refusal. */
  let ahead = 0

  const prove = async (request: Request, nonce: string | undefined): Promise<Request> => {
    const { pair, jwk } = await keys.current()
    const { origin, pathname } = new URL(request.url)
    const token = /^DPoP (\S+)$/.exec(request.headers.get(config.authHeader) ?? '')?.[1]
    const header = { typ: 'dpop+jwt', alg: 'ES256', jwk }
    const claims = {
      jti: newId(),
      htm: request.method,
      htu: origin + pathname,
      iat: Math.floor((now() + ahead) / 1000),
      // What is undefined is no member of the JSON.
      ath: token && base64url(await es256.sha256(token)),
      nonce,
    }
    const input = [header, claims].map(part => base64url(new TextEncoder().encode(JSON.stringify(part)))).join('.')
    const proven = rebuild(request)
    proven.headers.set('DPoP', `${input}.${base64url(await es256.sign(pair, input))}`)
    return proven
  }

  /** `isMendable`: the proof was refused, and the next one would be another. */
  const attempt = async (request: Request): Promise<{ response: Response; isMendable: boolean }> => {
    const { origin } = new URL(request.url)
    const used = { nonce: nonces.get(origin), ahead }
    const response = await fetch(await prove(request, used.nonce))
    if (isFromElsewhere(response, request)) return { response, isMendable: false }
    const nonce = response.headers.get('DPoP-Nonce')
    if (nonce) nonces.set(origin, nonce)
    const error = response.ok ? null : await errorOf(response)
    if (error === 'use_dpop_nonce') return { response, isMendable: nonces.get(origin) !== used.nonce }
    if (error !== 'invalid_dpop_proof') return { response, isMendable: false }
    // Only of a refusal: an answer that succeeds may come out of a cache, with the time of another day.
    const difference = parseDate(response.headers.get('Date') ?? '') - now()
    if (Math.abs(difference - ahead) > CLOCK_TOLERANCE) ahead = difference
    return { response, isMendable: ahead !== used.ahead }
  }

  return async (request, again) => {
    const { response, isMendable } = await attempt(request)
    const copy = isMendable ? await again() : null
    if (!copy) return response
    response.body?.cancel().catch(() => undefined)
    return (await attempt(copy)).response
  }
}

/** Whether an API's answer is about the nonce of a proof, and so says nothing of the token. */
export function asksForNonce(response: Response): boolean {
  return errorInHeader(response) === 'use_dpop_nonce'
}

/** RFC 9449 §9; no scheme but DPoP has these codes. */
function errorInHeader({ status, headers }: Response): string | null {
  const challenges = status === 401 ? headers.get('WWW-Authenticate') : null
  return /\berror\s*=\s*"?(use_dpop_nonce|invalid_dpop_proof)\b/.exec(challenges ?? '')?.[1] ?? null
}

/** RFC 9449 §5 and §8, RFC 6749 §5.2. */
async function errorInBody(response: Response): Promise<unknown> {
  if (response.status !== 400 && response.status !== 401) return null
  const json = await readJson(response.clone()).catch(() => null)
  return own(json?.body, 'error')
}
