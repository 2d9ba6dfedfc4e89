import type { DevtoolsHost } from '../browser/devtools-host.ts'
import { DEVTOOLS_EVENT, type DevtoolsEventDetail, parseDevtoolsRequest } from '../devtools-protocol.ts'

/** Answers devtools of this very page, which cannot post to the host in it. */
export function answerDevtools({ answer, leave }: DevtoolsHost, scope: string) {
  addEventListener('pagehide', leave)
  document.addEventListener(DEVTOOLS_EVENT, event => {
    const { detail } = event as CustomEvent<DevtoolsEventDetail>
    const request = parseDevtoolsRequest(detail.request)
    if (!request || detail.scope !== scope) return
    answer(request, {}).then(detail.answer)
  })
}
