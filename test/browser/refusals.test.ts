import type { RequestListener, ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NO_REFUSALS, REFUSALS, type Written } from '../servers/refusals.ts'
import type { Tab } from './engines/engine.ts'
import { get, logIn, Scene, stateOf, untilStatus, useBrowser } from './harness.ts'

const WORKER = `importScripts('/refresh-worker.js')
RefreshWorker.setup({ apiUrls: ['/api/'], refreshTokenUrl: '/auth/token', useRefreshToken: true })`

const browser = useBrowser()
let scene: Scene
let tab: Tab
beforeAll(async () => {
  scene = await Scene.open(browser, { files: { '/sw.js': { type: 'text/javascript', body: WORKER } } })
  tab = await scene.tab()
})
afterAll(() => scene.close())

function write(response: ServerResponse, [status, body, headers = {}]: Written) {
  const [type, text] = typeof body === 'string' ? ['text/plain', body] : ['application/json', JSON.stringify(body)]
  response.writeHead(status, { 'Content-Type': type, ...headers }).end(text)
}

/** Logs in; then the token has expired, and the refresh is answered so. Settles with the status of an API request. */
async function refreshInto(listener: RequestListener) {
  scene.serve('/auth/token', listener)
  await logIn(tab)
  scene.demo.expireAccessTokens()
  return get(tab, '/api/me')
}

/** As the demo does, at its own URL. */
const refresh: RequestListener = (request, response) => {
  request.url = '/auth/login'
  scene.demo.app(request, response)
}

describe('a refusal ends the session, and the page hears of it (G12)', () => {
  for (const [name, ...written] of REFUSALS)
    it(name, async () => {
      expect(await refreshInto((_, response) => write(response, written))).toBe(401)
      await untilStatus(tab, 'anonymous')
      expect(await stateOf(tab)).toMatchObject({ reason: 'rejected' })
    })
})

describe('what is no refusal keeps the session, the state says so, and the next one that succeeds mends it (G12)', () => {
  const CUT: readonly [string, RequestListener] = ['W37 a connection that is cut', (_, response) => response.destroy()]
  const others = NO_REFUSALS.filter(([name]) => /^W3[2-6]/.test(name)).map(([name, ...written]): typeof CUT => [
    name,
    (_, response) => write(response, written),
  ])
  for (const [name, listener] of [...others, CUT])
    it(name, async () => {
      await refreshInto(listener).catch(() => undefined)
      await expect.poll(() => stateOf(tab)).toMatchObject({ status: 'authenticated', failingSince: expect.any(Number) })
      scene.serve('/auth/token', refresh)
      await expect.poll(() => get(tab, '/api/me').catch(() => 0)).toBe(200)
      await expect.poll(() => stateOf(tab)).not.toHaveProperty('failingSince')
    })
})
