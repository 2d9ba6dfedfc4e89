import { RefreshWorkerError } from '../errors.ts'
import { ask, type Question, type Reply } from './ask.ts'
import type { Connection } from './connection.ts'
import { settled, within } from './worker-state.ts'

/** How long a page waits for an answer (milliseconds). */
export const ANSWER_LIMIT = 10_000

/**
 * How long it waits for one that needs the token endpoint before it asks again, and how often: nothing tells a page
 * that the worker was killed. One that is still at it takes both for one.
 */
export const REFRESH_LIMIT = 5_000
export const REFRESH_TRIES = 12

/** How long (milliseconds) a page waits for a new version to take over. */
const TAKEOVER_LIMIT = 30_000

/**
 * Asks the active worker of a registration, and its successor where it was replaced before it answered.
 * @param limit milliseconds to wait for each reply
 * @param tries how often to ask, since nothing tells a page that the worker was killed
 */
export type AskActive = (question: Question, limit: number, tries?: number) => Promise<Reply>

/** @param storageKey the session that is meant; null: the default one */
export function createAskActive(connection: Connection, storageKey: string | null): AskActive {
  const askActive: AskActive = async (question, limit, tries = 1) => {
    const registration = await connection.registration()
    const { active } = registration
    if (!active) throw new RefreshWorkerError('script_error', 'the worker has been unregistered: reload the page')
    try {
      return await ask(active, storageKey === null ? question : { ...question, session: storageKey }, limit)
    } catch (error) {
      if (!(error instanceof RefreshWorkerError) || error.code !== 'worker_timeout') throw error
      // Perhaps another version, the first one that answers at all, has taken over, or is about to.
      if (!(await hasSuccessor(registration, active)) && tries <= 1) throw error
      return askActive(question, limit, tries - 1)
    }
  }
  return askActive
}

async function hasSuccessor(registration: ServiceWorkerRegistration, worker: ServiceWorker): Promise<boolean> {
  const { installing } = registration
  if (registration.active !== worker) return registration.active !== null
  if (installing) await settled(installing, TAKEOVER_LIMIT)
  else if (worker.state === 'redundant')
    await within(TAKEOVER_LIMIT, (done, signal) =>
      navigator.serviceWorker.addEventListener('controllerchange', done, { signal }),
    )
  return registration.active !== null && registration.active !== worker
}
