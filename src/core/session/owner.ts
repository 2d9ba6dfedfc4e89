import type { Config, Endpoints, SessionName } from '../options/config.ts'
import type { Log, Records } from '../ports.ts'

/** Whose a stored session is: the servers that it came from, and that its tokens may go to. */
export interface Owner {
  /** Of the worker that has stored it. */
  readonly scope: string
  /** As configured when it was stored; empty where the issuer names them. */
  readonly loginUrls: readonly string[]
  /** Where its refresh token may go, or the issuer who says where; null: nowhere. */
  readonly tokenUrl: string | null
}

/** What makes a configuration the owner of a session. */
export type OwnerOptions = Pick<Endpoints, 'loginUrls' | 'refreshTokenUrl'> & Pick<Config, 'issuer'>

export function ownerOf({ loginUrls, refreshTokenUrl, issuer }: OwnerOptions, scope: string): Owner {
  return {
    scope,
    loginUrls: loginUrls.map(({ href }) => href),
    tokenUrl: refreshTokenUrl?.href ?? issuer,
  }
}

/** Whether they are of the same servers: one token endpoint, and a login URL that was one before. */
export function isSameOwner(a: Owner, b: Owner): boolean {
  const isLogin = a.loginUrls.some(url => b.loginUrls.includes(url))
  return a.tokenUrl === b.tokenUrl && (isLogin || a.loginUrls.length + b.loginUrls.length === 0)
}

export function isOwner(value: unknown): value is Owner {
  const { scope, loginUrls, tokenUrl } = (value ?? {}) as Partial<Record<keyof Owner, unknown>>
  return (
    typeof scope === 'string' &&
    Array.isArray(loginUrls) &&
    loginUrls.every(url => typeof url === 'string') &&
    (tokenUrl === null || typeof tokenUrl === 'string')
  )
}

/**
 * Removes the sessions that an earlier version of this worker has stored, those that have ended too, and that no configuration
 * of this one may use: under another `storageKey`, or of other servers. Those of 0.1 do not say whose they are.
 * @returns their keys
 */
export async function removeLeftovers(
  records: Records,
  configs: readonly (OwnerOptions & SessionName)[],
  scope: string,
  log: Log,
): Promise<readonly string[]> {
  const isLeftover = (key: string, record: unknown): boolean => {
    const { owner, status } = (record ?? {}) as { readonly owner?: unknown; readonly status?: unknown }
    if (!isOwner(owner) || owner.scope !== scope) return false
    const config = configs.find(({ storageKey }) => storageKey === key)
    // One that has ended has no tokens, and knows which were handed over and are not to be taken again.
    return !config || (status === 'authenticated' && !isSameOwner(owner, ownerOf(config, scope)))
  }
  const stored = await records.entries()
  const leftovers = stored.filter(([key, record]) => isLeftover(key, record)).map(([key]) => key)
  if (leftovers.length === 0) return leftovers
  await records.remove(leftovers.flatMap(key => [key, `${key}:dpop`]))
  log('warn', 'a stored session was removed: its storageKey, or its login or refresh URL, is not configured any more')
  return leftovers
}
