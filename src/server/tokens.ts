import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'

/** In seconds since the epoch, as tokens have it. */
export function now(): number {
  return Math.floor(Date.now() / 1000)
}

export const ACCESS_TOKEN = 'at+jwt'
export const REFRESH_TOKEN = 'rt+jwt'

/** One of the two kinds of token; `typ` keeps one from passing as the other, whatever the keys are. */
export interface Kind {
  typ: string
  key: Uint8Array
  lifetime: number
}

export function sign(claims: JWTPayload, { typ, key, lifetime }: Kind): Promise<string> {
  const iat = now()
  return new SignJWT({ ...claims, iat, exp: iat + lifetime }).setProtectedHeader({ alg: 'HS256', typ }).sign(key)
}

export async function verify<T>(
  token: unknown,
  { typ, key }: Kind,
  { evenExpired = false } = {},
): Promise<T | undefined> {
  if (typeof token !== 'string') return undefined
  const requiredClaims = ['sub', 'sid', 'jti', 'exp', ...(typ === REFRESH_TOKEN ? ['auth_time'] : [])]
  const clockTolerance = evenExpired ? Number.MAX_SAFE_INTEGER : 0
  try {
    return (await jwtVerify<T>(token, key, { algorithms: ['HS256'], typ, requiredClaims, clockTolerance })).payload
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined
    throw error
  }
}
