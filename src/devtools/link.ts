import {
  DEVTOOLS_EVENT,
  type DevtoolsCommand,
  type DevtoolsEventDetail,
  type DevtoolsReply,
  type DevtoolsRequest,
} from '../devtools-protocol.ts'
import { envelope, type WorkerReport } from '../protocol.ts'

/** How long (milliseconds) an answer is waited for: a host that has stopped since gives none. */
const LIMIT = 5_000

/** Has the host of this page do something; null: it does not answer. */
export async function askHost(
  { host, scope, storageKey }: WorkerReport,
  command: DevtoolsCommand,
): Promise<DevtoolsReply | null> {
  const request: DevtoolsRequest = envelope({ type: 'devtools', command, session: storageKey })
  const signal = AbortSignal.timeout(LIMIT)
  const late = new Promise<null>(resolve => signal.addEventListener('abort', () => resolve(null)))
  return Promise.race([late, host === 'worker' ? askWorker(scope, request) : askPage(scope, request)])
}

async function askWorker(scope: string, request: DevtoolsRequest): Promise<DevtoolsReply | null> {
  const registration = await navigator.serviceWorker.getRegistration(scope)
  const { port1, port2 } = new MessageChannel()
  return new Promise(resolve => {
    port1.onmessage = ({ data }) => {
      resolve(data)
      port1.close()
    }
    if (registration?.active) registration.active.postMessage(request, [port2])
    else resolve(null)
  })
}

function askPage(scope: string, request: DevtoolsRequest): Promise<DevtoolsReply> {
  return new Promise(answer => {
    const detail: DevtoolsEventDetail = { scope, request, answer }
    document.dispatchEvent(new CustomEvent(DEVTOOLS_EVENT, { detail }))
  })
}
