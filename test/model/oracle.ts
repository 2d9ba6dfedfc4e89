/** An authorization server with strict rotation, which knows what it gave to whom, and what it thinks of it now. */

export const LIFE = 600_000

export interface Grant {
  readonly accessToken: string
  /** What the client should hold after this grant; null: it got none, ever. */
  readonly refreshToken: string | null
}

/** What it does with a refresh token that was used before: end the whole lineage (RFC 9700 §4.14.2), or only refuse. */
export type OnReuse = 'revoke' | 'refuse'

export type Oracle = ReturnType<typeof createOracle>

export function createOracle(now: () => number, onReuse: OnReuse) {
  /** The one refresh token of each lineage that is good now; a lineage that is not here was revoked. */
  const good = new Map<string, string | null>()
  const validUntil = new Map<string, number>()
  const pairs = new Set<string>()
  /** The refresh tokens that were answered with `invalid_grant`. */
  const refused = new Set<string>()
  /** The last refresh of each lineage: what it has spent, by which name, and what it has brought. */
  const last = new Map<string, { readonly spent: string; readonly key: string; readonly next: string | null }>()
  let logins = 0
  let tokens = 0
  let reuses = 0

  const grant = (lineage: string, refreshToken: string | null): Grant => {
    const accessToken = `access.${lineage}.${++tokens}`
    good.set(lineage, refreshToken)
    validUntil.set(accessToken, now() + LIFE)
    pairs.add(`${accessToken} ${refreshToken}`)
    return { accessToken, refreshToken }
  }

  return {
    login: (user: string, withRefreshToken: boolean) => {
      const lineage = `${user}${++logins}`
      return grant(lineage, withRefreshToken ? `refresh.${lineage}.${tokens}` : null)
    },

    /**
     * Null: `invalid_grant`.
     * @param key names it, for a server that answers a repetition alike; null: for one that does not
     */
    refresh: (refreshToken: string, rotates: boolean, key: string | null): Grant | null => {
      const lineage = lineageOf(refreshToken)
      if (good.get(lineage) === refreshToken) {
        const next = rotates ? `refresh.${lineage}.${tokens}` : refreshToken
        if (key !== null) last.set(lineage, { spent: refreshToken, key, next })
        return grant(lineage, next)
      }
      const before = last.get(lineage)
      const isUnused = before && before.next === good.get(lineage)
      if (before && isUnused && before.spent === refreshToken && before.key === key) return grant(lineage, before.next)
      if (good.has(lineage)) reuses++
      refused.add(refreshToken)
      if (onReuse === 'revoke') good.delete(lineage)
      return null
    },

    /** Ends a lineage, whatever the reason. */
    revoke: (token: string) => good.delete(lineageOf(token)),
    revokeAccessToken: (token: string) => validUntil.delete(token),
    refuse: (refreshToken: string) => {
      refused.add(refreshToken)
      good.delete(lineageOf(refreshToken))
    },

    accepts: (accessToken: string) => good.has(lineageOf(accessToken)) && now() < (validUntil.get(accessToken) ?? 0),
    takes: (refreshToken: string) => good.get(lineageOf(refreshToken)) === refreshToken,
    gave: (accessToken: string, refreshToken: string | null) => pairs.has(`${accessToken} ${refreshToken}`),
    /** How often a refresh token came a second time, and by another name, while its session was alive. */
    reuses: () => reuses,
    hasRefused: (refreshToken: string) => refused.has(refreshToken),
  }
}

/** The login that a token goes back to. */
export function lineageOf(token: string): string {
  return token.split('.')[1] ?? ''
}

/** Of two access tokens of a lineage, the later one has the higher number. */
export function numberOf(accessToken: string): number {
  return Number(accessToken.split('.')[2])
}
