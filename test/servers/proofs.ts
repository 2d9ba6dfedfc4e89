/** What an API has to do about tokens that are bound to a key (RFC 9449 §7), with nonces of its own (§9). */
import { createHash, randomUUID } from 'node:crypto'
import type { Request, RequestHandler } from 'express'
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose'

/** A nonce is replaced after so many proofs; the one before it will do for as long again. */
const PROOFS_PER_NONCE = 150

export interface ProofStats {
  accepted: number
  /** Requests that were sent back for a nonce. */
  challenges: number
  /** Why other requests were refused. */
  readonly refusals: string[]
  /** Thumbprints of the keys whose proofs were accepted. */
  readonly keys: Set<string>
}

export interface ProofCheck {
  readonly stats: ProofStats
  /** The nonce that it takes now. */
  readonly nonce: () => string
  /** Refuses requests without a good proof, and hands the others on as if their token were a Bearer token. */
  readonly handler: (origin: string, thumbprintOf: (token: string) => Promise<string | null>) => RequestHandler
}

/** @param now the clock of those who make the proofs */
export function createProofCheck(now: () => number = Date.now): ProofCheck {
  const stats: ProofStats = { accepted: 0, challenges: 0, refusals: [], keys: new Set() }
  const seen = new Set<unknown>()
  let nonces: readonly string[] = [randomUUID()]

  /** What is wrong with a request that carries a bound token. */
  const check = async (req: Request, url: string, token: string, jkt: string): Promise<string | null> => {
    const verified = await jwtVerify(req.get('DPoP') ?? '', EmbeddedJWK, { typ: 'dpop+jwt', algorithms: ['ES256'] })
    const { payload, protectedHeader } = verified
    if ('d' in (protectedHeader.jwk ?? {})) return 'a private key'
    if ((await calculateJwkThumbprint(protectedHeader.jwk ?? {})) !== jkt) return 'another key'
    if (payload.htm !== req.method) return 'another method'
    if (payload.htu !== url) return 'another URL'
    if (payload.ath !== createHash('sha256').update(token).digest('base64url')) return 'another token'
    if (Math.abs(now() / 1000 - (payload.iat ?? 0)) > 60) return 'another time'
    if (!nonces.includes(String(payload.nonce))) return 'use_dpop_nonce'
    if (typeof payload.jti !== 'string' || seen.has(payload.jti)) return 'a proof that was used before'
    seen.add(payload.jti)
    return null
  }

  return {
    stats,
    nonce: () => nonces[0] as string,
    handler: (origin, thumbprintOf) => async (req, res, next) => {
      const [, scheme = '', token = ''] = /^(Bearer|DPoP) (\S+)$/.exec(req.get('Authorization') ?? '') ?? []
      const jkt = await thumbprintOf(token)
      // One that is not bound, or not known, is for the API to judge.
      if (jkt !== null) {
        const url = origin + new URL(req.originalUrl, origin).pathname
        const problem = scheme === 'DPoP' ? await check(req, url, token, jkt).catch(() => 'no proof') : 'no proof'
        if (problem !== null) {
          if (problem === 'use_dpop_nonce') stats.challenges++
          else stats.refusals.push(problem)
          const error = problem === 'use_dpop_nonce' ? problem : 'invalid_token'
          res.set('WWW-Authenticate', `DPoP error="${error}", algs="ES256"`).set('DPoP-Nonce', nonces[0])
          res.status(401).json({ error })
          return
        }
        stats.keys.add(jkt)
        if (++stats.accepted % PROOFS_PER_NONCE === 0) nonces = [randomUUID(), ...nonces.slice(0, 1)]
        res.set('DPoP-Nonce', nonces[0])
      }
      if (token) req.headers.authorization = `Bearer ${token}`
      next()
    },
  }
}
