import { envelope, type PageRequest, type WorkerReply } from '../protocol.ts'
import type { Core } from './core.ts'
import type { WaitUntil } from './ports.ts'

/** Answers a page's message: what only a host can, and the rest by the core that is meant. */
export type AnswerPage = (message: PageRequest, waitUntil: WaitUntil) => Promise<WorkerReply>

interface Needs {
  readonly cores: readonly Core[]
  /** Takes control of every page in scope. */
  readonly claim: () => Promise<void>
  /** Whether a page should go on sending messages. */
  readonly isAnyOpen: () => boolean
}

export function createAnswerPage({ cores, claim, isAnyOpen }: Needs): AnswerPage {
  return async (message, waitUntil) => {
    const { session, type } = message
    const core = session === undefined ? cores[0] : cores.find(({ config }) => config.storageKey === session)
    if (!core)
      return envelope({
        type: 'error',
        code: 'unknown_session',
        message: `no configuration of the worker has this storageKey; there is ${cores.map(({ config }) => config.storageKey).join(', ')}`,
      })
    if (type === 'keep-alive') return envelope({ type, isNeeded: isAnyOpen() })
    if (type === 'claim') await claim()
    return core.answerMessage(message, waitUntil)
  }
}
