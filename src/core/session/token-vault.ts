import type { Store } from '../ports.ts'
import { parseSession } from './parse-session.ts'
import type { Authenticated } from './session.ts'

type Secrets = Pick<Authenticated, 'accessToken' | 'refreshToken' | 'idToken' | 'answer'>

const NO_SECRETS: Secrets = { accessToken: null, refreshToken: null, idToken: null }

/**
 * A store that keeps tokens in this worker's memory: `store`, which pages can read, gets each record with null in their
 * place. Whoever reads a record and has not written it, another worker or this one after a restart, finds it without.
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
    const { answer, ...rest } = session
    const { accessToken, refreshToken, idToken } = rest
    held.set(newest, { accessToken, refreshToken, idToken, ...(answer === undefined ? {} : { answer }) })
    return { ...rest, ...NO_SECRETS }
  }

  const unseal = (record: unknown): unknown => {
    const session = parseSession(record)
    const secrets = session.status === 'authenticated' && held.get(nameOf(session))
    return secrets ? { ...session, ...secrets } : record
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

function nameOf({ id, generation }: Authenticated): string {
  return `${id} ${generation}`
}
