import type { Trace } from '../devtools-protocol.ts'
import { createHasPrefix, type Endpoint } from './http/urls.ts'
import type { Config } from './options/config.ts'
import type { Clock } from './ports.ts'
import { nameOf, nextNumber } from './trace.ts'

/** Tells of a request that is not ours, and why it gets no token. `isStripped`: it carried a placeholder, which is gone. */
export type TellUntouched = (request: Request, isStripped: boolean) => void

interface Needs {
  readonly configs: readonly Pick<Config, 'apiUrls' | 'tokensInBodies' | 'destinations' | 'httpInterceptor'>[]
  readonly origin: string
  readonly trace: Trace
  readonly now: Clock
}

/** For devtools. Pages, scripts and images that are nobody's API are left out: nobody expects a token there. */
export function createTellUntouched({ configs, origin, trace, now }: Needs): TellUntouched {
  const areas = configs.flatMap(({ apiUrls, tokensInBodies }) => [...apiUrls, ...tokensInBodies])
  const isIn = createHasPrefix(areas.filter((area): area is Endpoint => typeof area !== 'function'))
  const hasPredicates = areas.some(area => typeof area === 'function')

  const whyNot = ({ mode, destination }: Request, url: URL): string => {
    if (!isIn(url)) return `is below none of apiUrls${hasPredicates ? ', and its predicates say no' : ''}`
    if (configs.every(({ httpInterceptor }) => !httpInterceptor)) return 'httpInterceptor is off'
    if (destination !== '') return `is for a ${destination}: name that in destinations`
    if (mode === 'no-cors') return "is in mode no-cors, in which a browser sends no Authorization: take mode 'cors'"
    return 'its path may lead elsewhere once a server has decoded it, or it is an endpoint of the authorization server'
  }

  return (request, isStripped) => {
    const url = new URL(request.url)
    const isScripts = request.destination === '' && request.mode !== 'navigate'
    if (request.mode === 'navigate' || (!isScripts && !isIn(url))) return
    const text = isStripped ? `${whyNot(request, url)}; the placeholder in it was taken out` : whyNot(request, url)
    const entry = { kind: 'request', n: nextNumber(), at: now(), session: null, ...nameOf(request, origin) } as const
    trace({ ...entry, matchedAs: null, steps: [{ after: 0, text }], outcome: 'not touched', duration: 0 })
  }
}
