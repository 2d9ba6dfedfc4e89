import { RefreshWorkerError } from '../../errors.ts'
import type { SessionName } from '../options/config.ts'
import type { Es256, Store } from '../ports.ts'

export interface ProofKey {
  readonly pair: CryptoKeyPair
  readonly jwk: JsonWebKey
}

/** The key that tokens are bound to: one for all workers, and for as long as the store keeps it. */
export interface ProofKeys {
  /**
   * The stored key; a new one where there is none.
   * @throws {RefreshWorkerError} code `refresh_unavailable`: it cannot be read, so that nobody knows whether there is one
   */
  readonly current: () => Promise<ProofKey>
  /** As `current`, but for tokens that are to come: where no key can be read, a new one will do. */
  readonly forLogin: () => Promise<ProofKey>
}

interface Needs {
  readonly config: SessionName
  readonly store: Store
  readonly es256: Es256
}

export function createProofKeys({ config, store, es256 }: Needs): ProofKeys {
  const name = `${config.storageKey}:dpop`
  let known: Promise<ProofKey> | undefined

  /** @param isForLogin whether tokens will be bound to it in any case: none that is stored, but unseen, can replace it */
  const make = async (isForLogin: boolean): Promise<CryptoKeyPair> => {
    let pair = await es256.generate()
    await store.update(name, stored => {
      // Where another worker was faster, its key is the one.
      if (!isForLogin && es256.isKeyPair(stored)) pair = stored
      return pair
    })
    return pair
  }

  const load = async (): Promise<CryptoKeyPair> => {
    const stored = await store.read(name).catch(() => {
      throw new RefreshWorkerError(
        'refresh_unavailable',
        'the key that the tokens are bound to cannot be read: try again, or log in anew',
      )
    })
    return es256.isKeyPair(stored) ? stored : make(false)
  }

  /** All who ask meanwhile, and later, share one. */
  const share = (loading: Promise<CryptoKeyPair>): Promise<ProofKey> => {
    const key = loading.then(async pair => ({ pair, jwk: await es256.publicJwk(pair) }))
    known = key
    key.catch(() => {
      if (known === key) known = undefined
    })
    return key
  }

  // A page may have deleted the database, and another worker made a new key.
  store.watch(() => {
    known = undefined
  })

  return {
    current: () => known ?? share(load()),
    forLogin: () => known ?? share(load().catch(() => make(true))),
  }
}
