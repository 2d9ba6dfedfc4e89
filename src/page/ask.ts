import { RefreshWorkerError } from '../errors.ts'
import { envelope, isWorkerReply, type PageRequest, type WorkerReply } from '../protocol.ts'

export type Question = PageRequest extends infer T ? (T extends unknown ? Omit<T, 'ns' | 'v'> : never) : never
export type Reply = Exclude<WorkerReply, { readonly type: 'error' }>

/**
 * Sends one request to the worker and settles with its one reply.
 * @param limit milliseconds to wait for the reply
 * @throws {RefreshWorkerError} `worker_timeout`, also where the worker is replaced meanwhile, or the code of the error
 * that it replied with
 */
export function ask(worker: ServiceWorker, question: Question, limit: number): Promise<Reply> {
  const { port1, port2 } = new MessageChannel()
  const ended = new AbortController()
  const { signal } = ended
  return new Promise<Reply>((resolve, reject) => {
    const giveUp = (problem: string) => reject(new RefreshWorkerError('worker_timeout', problem))
    const timer = setTimeout(giveUp, limit, noAnswer(worker.scriptURL))
    signal.addEventListener('abort', () => clearTimeout(timer))
    // The browser stops it, whatever it is doing, when a new version takes over.
    const onStateChange = () =>
      worker.state === 'redundant' &&
      giveUp(`${worker.scriptURL} was replaced before it answered "${question.type}": try again`)
    worker.addEventListener('statechange', onStateChange, { signal })
    port1.onmessage = ({ data }) => {
      if (!isWorkerReply(data))
        reject(
          new RefreshWorkerError(
            'internal_error',
            'the worker sent a reply of no known form: do page and worker have the same version?',
          ),
        )
      else if (data.type === 'error') reject(new RefreshWorkerError(data.code, data.message))
      else resolve(data)
    }
    worker.postMessage(envelope(question), [port2])
  }).finally(() => {
    ended.abort()
    port1.close()
  })
}

/** The error of a reply of another type than was asked for. */
export function unexpected(type: string): RefreshWorkerError {
  return new RefreshWorkerError(
    'internal_error',
    `the worker answered with "${type}": do page and worker have the same version?`,
  )
}

export function noAnswer(scriptUrl: string): string {
  return `${scriptUrl} does not answer: does it call RefreshWorker.setup(), in this version?`
}
