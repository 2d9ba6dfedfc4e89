import type { Core } from '../src/core/core.ts'
import type { WaitUntil } from '../src/core/ports.ts'
import { envelope, type PageRequest, type WorkerReply } from '../src/protocol.ts'
import type { OpenAnswers } from './open-answers.ts'
import type { Pages } from './pages.ts'

/** Answers a page's message: what only a worker can, and the rest by the core that is meant. */
export type AnswerPage = (message: PageRequest, waitUntil: WaitUntil) => Promise<WorkerReply>

interface Needs {
  readonly cores: readonly Core[]
  readonly pages: Pick<Pages, 'claim'>
  readonly isAnyOpen: OpenAnswers['isAnyOpen']
}

export function createAnswerPage({ cores, pages, isAnyOpen }: Needs): AnswerPage {
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
    if (type === 'claim') await pages.claim()
    return core.answerMessage(message, waitUntil)
  }
}
