import { RefreshWorkerError } from '../errors.ts'
import { SETUP_CHANNEL, type SetupError } from '../protocol.ts'
import { complain } from './complain.ts'

/** Why a worker's script cannot start, in the words of its `setup()`. */
export interface SetupErrors {
  /** What it has said since then is kept, until `end`. At all other times it goes to the console. */
  readonly begin: () => void
  readonly last: () => RefreshWorkerError | undefined
  readonly end: () => void
}

/** Listens for as long as the page is shown: where a worker serves, the browser looks for a new version at its leisure. */
export function listenForSetupErrors(scriptUrl: string): SetupErrors {
  let channel: BroadcastChannel | undefined
  let isKept = false
  let last: RefreshWorkerError | undefined
  const open = () => {
    try {
      channel = new BroadcastChannel(SETUP_CHANNEL)
    } catch {
      // Firefox, where cookies are blocked: a worker will be refused as well.
      return
    }
    channel.onmessage = ({ data }: MessageEvent<SetupError>) => {
      if (data.scriptUrl !== scriptUrl) return
      const error = new RefreshWorkerError(data.code, data.message)
      if (isKept) last = error
      else complain(error)
    }
  }
  open()
  // An open channel keeps a page out of the back-forward cache.
  addEventListener('pagehide', () => channel?.close())
  addEventListener('pageshow', ({ persisted }) => persisted && open())
  return {
    begin: () => {
      isKept = true
      last = undefined
    },
    last: () => last,
    end: () => {
      isKept = false
    },
  }
}
