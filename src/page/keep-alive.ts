import { KEEP_ALIVE } from '../protocol.ts'
import { ANSWER_LIMIT, type AskActive } from './ask-active.ts'

/** Makes what keeps the worker alive: each message gives it some more time, until it says that its last answer is out. */
export function createKeepAlive(ask: AskActive): () => void {
  let timer: ReturnType<typeof setInterval> | undefined
  const send = async () => {
    const reply = await ask({ type: 'keep-alive' }, ANSWER_LIMIT).catch(() => null)
    if (reply?.type !== 'keep-alive' || !reply.isNeeded) clearInterval(timer)
  }
  return () => {
    clearInterval(timer)
    timer = setInterval(send, KEEP_ALIVE)
    send()
  }
}
