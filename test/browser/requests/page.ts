/** What the pages of the suite load: the cases, to be run by name of page. */

import type { AuthClient } from '../../../src/page/auth-client.ts'
import { At, bytesOf, type Case, idOf, PAGE, runAll } from './at.ts'
import { BODIES, CASES } from './cases.ts'
import { FETCH_SUITE } from './fetch-suite.ts'

const all: readonly Case[] = [...CASES, ...FETCH_SUITE]

declare global {
  interface Window {
    auth: AuthClient
    /** Has a worker take control, or the page keep the session itself by a script, and logs in. */
    start: (scriptUrl: string, inPage?: string) => Promise<void>
    /** Runs the cases of a page; settles with what each has seen, by its id. */
    runCases: (page: string, other: string) => Promise<Record<string, unknown>>
    /** Posts a body of each type while the token is stale; settles with the statuses, by the body's name. */
    replayAll: () => Promise<Record<string, number>>
    /** Posts so many bytes while the token is stale, and asks once more. */
    replayBytes: (length: number) => Promise<readonly number[]>
    /** Asks in a synchronous XMLHttpRequest, with a token that the worker has handed out. */
    askSynchronously: () => Promise<readonly [status: number, text: string]>
  }
}

window.runCases = (page, other) =>
  runAll(
    all.filter(one => (one.page ?? PAGE) === page),
    other,
  )

/** What is built; a name in a variable, so that it is not bundled. */
const LIBRARY = '/refresh-worker/index.js'

window.start = async (scriptUrl, inPage) => {
  const { register } = (await import(LIBRARY)) as typeof import('../../../src/index.ts')
  window.auth = register(scriptUrl, inPage ? { host: 'page', withoutWorker: () => import(inPage) } : {})
  await window.auth.ready
  await fetch('/auth/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })
}

window.replayAll = async () => {
  const answers: Record<string, number> = {}
  for (const [name, init] of Object.entries(BODIES)) {
    const at = new At(idOf({ row: 'replay', name }), '')
    await at.expireTokens()
    answers[name] = await statusOf(at.url('guarded'), { method: 'POST', ...init() })
  }
  return answers
}

window.replayBytes = async length => {
  const at = new At(`replay-of-${length}`, '')
  await at.expireTokens()
  const body = bytesOf(length)
  return [await statusOf(at.url('guarded'), { method: 'POST', body }), await statusOf(at.url('guarded'))]
}

window.askSynchronously = async () => {
  const token = await window.auth.getAccessToken()
  const request = new XMLHttpRequest()
  request.open('GET', new At('synchronously', '').url('guarded'), false)
  request.setRequestHeader('Authorization', `Bearer ${token}`)
  request.send()
  return [request.status, request.responseText]
}

async function statusOf(url: string, init?: RequestInit): Promise<number> {
  return (await fetch(url, init)).status
}
