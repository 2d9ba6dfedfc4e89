import { COOKIES } from '../features.ts'
import { isAt } from '../http/urls.ts'
import type { Config, Endpoints } from '../options/config.ts'
import type { WaitUntil } from '../ports.ts'
import type { Stoppable } from '../session/stoppable.ts'
import type { Unsure } from '../session/unsure.ts'
import type { Logout } from './logout.ts'
import type { IsLeaving } from './routes.ts'

/** Hears of a navigation that is about to go out, whoever answers it. */
export type HearNavigation = (request: Request, waitUntil: WaitUntil) => void

interface Needs {
  readonly config: Pick<Config, 'refreshTokenIn'>
  readonly known: () => Endpoints
  readonly isLeaving: IsLeaving
  readonly left: Logout['left']
  readonly unsure: Pick<Unsure, 'hear'>
  readonly refreshes: Pick<Stoppable, 'stop'>
}

export function createHearNavigation({ config, known, isLeaving, left, unsure, refreshes }: Needs): HearNavigation {
  const isInCookie = COOKIES && config.refreshTokenIn === 'cookie'
  const isLogin = ({ method }: Request, url: URL) =>
    method === 'POST' && known().loginUrls.some(loginUrl => isAt(url, loginUrl))
  return (request, waitUntil) => {
    const url = new URL(request.url)
    const isLogout = isLeaving(request, url)
    // The cookies of a refresh are not to come after those of a login or a logout.
    if (isInCookie && (isLogout || isLogin(request, url))) refreshes.stop()
    if (isLogout) waitUntil(left(waitUntil))
    unsure.hear(request, isLogout)
  }
}
