import type { DevtoolsCommand, DevtoolsReply } from '../devtools-protocol.ts'
import type { AuthClient } from '../page/auth-client.ts'
import type { WorkerReport } from '../protocol.ts'
import type { Action } from './actions-view.ts'
import { askHost } from './link.ts'

interface Needs {
  readonly client: AuthClient
  readonly report: WorkerReport
  /** Hears how the host is after that. */
  readonly take: (reply: DevtoolsReply) => void
}

/**
 * Does what a button says.
 * @param isOn of one that is switched: whether it is on from now on
 * @returns what has come of it, in a sentence
 */
export async function carryOut(action: Action, isOn: boolean, { client, report, take }: Needs): Promise<string> {
  const command = async (command: DevtoolsCommand, said: string) => {
    const reply = await askHost(report, command)
    if (!reply) throw new Error('The host does not answer.')
    take(reply)
    return said
  }
  switch (action) {
    case 'refresh': {
      const state = await client.updateToken()
      return state.status === 'authenticated' ? `There is a new token, #${state.generation}.` : ''
    }
    case 'logout':
      await client.logout()
      return 'Logged out, in all tabs.'
    case 'expire':
      return command('expire', 'The access token has expired. The next request refreshes it first.')
    case 'refuse':
      return isOn
        ? command('refuse', 'The next refresh will be refused, and the session will end.')
        : command('accept', 'The next refresh goes to the server.')
    case 'offline':
      return isOn
        ? command('offline', 'Offline: requests for the session fail until you switch this off.')
        : command('online', 'Online again.')
    case 'forget': {
      if (report.host === 'page') {
        location.reload()
        return ''
      }
      await command('forget', '')
      // Another host is there with the next event.
      await client.inspect()
      return 'The worker has forgotten all that it had in memory, and has started from storage.'
    }
  }
}
