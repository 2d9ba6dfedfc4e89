/**
 * Servers that cannot be had from npm or Debian: a small one that keeps users, tokens and their families, and speaks as the
 * documentation of each has it.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express, type Request } from 'express'
import { type JWTPayload, jwtVerify, SignJWT } from 'jose'
import type { Running } from './backend.ts'

/** A life (seconds) that no test waits for: the worker's clock is set. */
export const LIFETIME = 600

export interface Issuer {
  /** @param lifetime seconds; unlike any other, whatever it is made for */
  readonly sign: (claims: JWTPayload, lifetime?: number) => Promise<string>
  /** The claims of a token of `type`; null where it is not good, or was refused. */
  readonly verify: (token: string | undefined, type: string) => Promise<JWTPayload | null>
  /** So that it is not good any more. */
  readonly spend: (token: JWTPayload) => void
  readonly users: Readonly<Record<string, string>>
  /** The credentials of a request, without their scheme. */
  readonly bearer: (request: Request) => string | undefined
}

export async function listen(listener: RequestListener): Promise<Pick<Running, 'url' | 'close'>> {
  const server = createServer(listener).listen(0, 'localhost')
  await once(server, 'listening')
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close')
      server.close().closeAllConnections()
      await closed
    },
  }
}

/** @param routes what the server does; its tokens are refused once it is told to */
export async function openImitation(routes: (app: Express, issuer: Issuer) => void): Promise<Running> {
  const key = randomBytes(32)
  const spent = new Set<unknown>()
  let isRefusing = false
  let count = 0
  const issuer: Issuer = {
    users: { ada: 'lovelace' },
    bearer: request => request.get('Authorization')?.replace(/^Bearer /i, ''),
    sign: (claims, lifetime = LIFETIME) =>
      new SignJWT({ jti: String(++count), ...claims })
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuedAt()
        .setExpirationTime(`${lifetime} s`)
        .sign(key),
    verify: async (token, type) => {
      const verified = await jwtVerify(token ?? '', key).catch(() => null)
      if (!verified || verified.payload.type !== type || spent.has(verified.payload.jti)) return null
      return isRefusing ? null : verified.payload
    },
    spend: ({ jti }) => spent.add(jti),
  }
  const app = express().disable('x-powered-by').disable('etag')
  app.use(express.json(), express.urlencoded())
  routes(app, issuer)
  return {
    ...(await listen(app)),
    refuse: () => {
      isRefusing = true
    },
  }
}

/** An API at `url` whose tokens are of the type `access`, and what it says to others. */
export function api(app: Express, issuer: Issuer, url: string, refusal: object, tokenOf = issuer.bearer) {
  app.get(url, async (req, res) => {
    const claims = await issuer.verify(tokenOf(req), 'access')
    if (claims) res.json({ user: claims.sub })
    else res.status(401).json(refusal)
  })
}

export const access = (issuer: Issuer, sub = 'ada') => issuer.sign({ sub, type: 'access' })
export const refresh = (issuer: Issuer, sub = 'ada') => issuer.sign({ sub, type: 'refresh' }, 86_400)
/** Spends a refresh token; null where it is not good. */
export async function take(issuer: Issuer, token: string | undefined): Promise<JWTPayload | null> {
  const claims = await issuer.verify(token, 'refresh')
  if (claims) issuer.spend(claims)
  return claims
}
