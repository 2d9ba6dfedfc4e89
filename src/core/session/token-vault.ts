import type { Store } from '../ports.ts'
import { parseSession } from './parse-session.ts'
import type { Authenticated } from './session.ts'

type Secrets = Pick<
  Authenticated,
  'accessToken' | 'refreshToken' | 'idToken' | 'answer' | 'isBound' | 'receivedAt' | 'expiresAt' | 'isFormer'
>

const NO_SECRETS = { accessToken: null, refreshToken: null, idToken: null }

/**
 * A store that keeps tokens in this worker's memory: `store`, which pages can read, gets each record with null in their
 * place. Whoever reads a record and has not written it, another worker or this one after a restart, finds it without; or,
 * where the session was refreshed elsewhere, with the access token that it had before, which is as good as it was.
 */
export function createTokenVault(store: Store): Store {
  /** By session and generation: those of the record as it is, and of one on its way. */
  const held = new Map<string, Secrets>()
  /** Whose tokens the last record to be written had; none of anybody else are needed again. */
  let newest = ''

  const seal = (record: unknown): unknown => {
    const session = parseSession(record)
    newest = session.status === 'authenticated' ? nameOf(session) : ''
    if (session.status === 'anonymous' || session.accessToken === null) return record
    const { answer, isFormer, ...rest } = session
    held.set(newest, secretsOf(session))
    return { ...rest, ...NO_SECRETS }
  }

  const unseal = (record: unknown): unknown => {
    const session = parseSession(record)
    if (session.status === 'anonymous') return record
    const secrets = held.get(nameOf(session))
    if (secrets) return { ...session, ...secrets }
    const former = held.get(newest)
    // Its refresh token is spent.
    return former && newest.startsWith(`${session.id} `)
      ? { ...session, ...former, refreshToken: null, isFormer: true }
      : record
  }

  const update: Store['update'] = async (key, updater) => {
    await store.update(key, stored => {
      const before = unseal(stored)
      const next = updater(before)
      const sealed = seal(next)
      // The very same object, so that nobody hears of a change that is none.
      return next === before && !isOpen(stored) ? stored : sealed
    })
    for (const name of held.keys()) if (name !== newest) held.delete(name)
  }

  return {
    read: async key => {
      const record = await store.read(key)
      if (!isOpen(record)) return unseal(record)
      // From the time before tokens were kept in memory: that ends now.
      await update(key, stored => stored)
      return unseal(await store.read(key))
    },
    update,
    watch: store.watch,
  }
}

/** Whether a stored record holds tokens. */
function isOpen(record: unknown): boolean {
  const session = parseSession(record)
  return session.status === 'authenticated' && session.accessToken !== null
}

function secretsOf(session: Authenticated): Secrets {
  const { accessToken, refreshToken, idToken, answer, isBound, isFormer, receivedAt, expiresAt } = session
  return {
    ...{ accessToken, refreshToken, idToken, receivedAt, expiresAt },
    ...(answer === undefined ? {} : { answer }),
    ...(isBound ? { isBound } : {}),
    ...(isFormer ? { isFormer } : {}),
  }
}

function nameOf({ id, generation }: Authenticated): string {
  return `${id} ${generation}`
}
