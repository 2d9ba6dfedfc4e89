import { RefreshWorkerError } from './errors.ts'
import { envelope, isWorkerReply, type PageRequest, type WorkerReply } from './protocol.ts'

type Body = PageRequest extends infer Message ? (Message extends unknown ? Omit<Message, 'ns' | 'v'> : never) : never
type Reply = Exclude<WorkerReply, { readonly type: 'error' }>

/**
 * Sends one request to the worker and settles with its one reply.
 * @param limit milliseconds to wait for the reply
 * @throws {RefreshWorkerError} `worker_timeout`, or the code of the error that the worker replied with
 */
export function ask(worker: ServiceWorker, message: Body, limit: number): Promise<Reply> {
  const { port1, port2 } = new MessageChannel()
  return new Promise<Reply>((resolve, reject) => {
    const timer = setTimeout(
      () =>
        reject(
          new RefreshWorkerError(
            'worker_timeout',
            `${worker.scriptURL} did not answer "${message.type}" in ${limit / 1000} s: does it call RefreshWorker.setup(), in this version?`,
          ),
        ),
      limit,
    )
    port1.onmessage = ({ data }) => {
      clearTimeout(timer)
      if (!isWorkerReply(data))
        reject(new RefreshWorkerError('internal_error', 'the worker sent a reply of no known form'))
      else if (data.type === 'error') reject(new RefreshWorkerError(data.code, data.message))
      else resolve(data)
    }
    worker.postMessage(envelope(message), [port2])
  }).finally(() => port1.close())
}
