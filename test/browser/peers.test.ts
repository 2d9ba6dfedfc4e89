/**
 * Where others of this kind break, each is a test of ours. What is not here is in:
 * - 20 tabs at an expiry, each refresh token taken once, one refresh, nobody fails: main-job (N1–N3), oauth (oidc-provider)
 * - a token that the server no longer takes before its expiry: main-job and oauth (B13)
 * - the first request after the worker was stopped: main-job (G6, C6); kill
 * - a refresh that is cut off by the worker's end: kill (C2, C3), oauth (B21, B22)
 * - tabs closed in the middle of a refresh: kill (C21)
 * - a new version in the middle of a refresh, without a reload: two-workers (C15, C16); of a stream: long-answers
 * - idle tabs, which ask for nothing: unit/page ("asks nothing while nothing is due")
 * - a token endpoint that is failing or out of reach is no logout: faults (G5), unit/token-endpoint (R17)
 * - hosts that look like the API's: unit/hostile-urls (U1–U24), hostile (U27)
 * - a hard reload: control (C23); a page restored from the back-forward cache: pages (C22)
 * - updates lost between tabs: unit/session-store (G3), the model
 * - a worker of the application's own beside ours: control ("inside a bundle of the application")
 * - errors that say what is wrong: control ("ready")
 * And the predecessor's: the answer to a replay that is lost, or its body: main-job (B13, B25), unit/authorize (G10); a
 * 401 of the token endpoint: faults; a refresh that undoes a logout: main-job (N20), unit/fresh-session (G3); the four
 * holes of its middleware: unit/express
 */
import { afterEach, describe, expect, it } from 'vitest'
import { barrier, logIn, Scene, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

describe('G9: through the worker', () => {
  it('the first part of an answer arrives while the server still works on the rest', async () => {
    scene = await Scene.open(browser)
    const rest = barrier()
    scene.serve('/api/stream', async ({ headers }, response) => {
      response.setHeader('Content-Type', 'application/octet-stream')
      // The longest that an engine may hold back to guess the type.
      response.write(`${headers.authorization?.split(' ')[0]} `.padEnd(2_048))
      await rest.pass()
      response.end('last')
    })
    const page = await scene.tab()
    await logIn(page)
    const stream = await page.evaluateHandle(async () => {
      const reader = (await fetch('/api/stream')).body?.pipeThrough(new TextDecoderStream()).getReader()
      return { reader, first: (await reader?.read())?.value }
    })
    expect(await stream.evaluate(({ first }) => first?.trim())).toBe('Bearer')
    rest.open()
    const last = await stream.evaluate(async ({ reader }) => {
      let text = ''
      for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) text += part.value
      return text.trim()
    })
    expect(last).toBe('last')
  })

  it('bytes go both ways as they are', async () => {
    scene = await Scene.open(browser)
    scene.serve('/api/bytes', (request, response) => {
      response.setHeader('Content-Type', 'application/octet-stream')
      request.pipe(response)
    })
    const page = await scene.tab()
    await logIn(page)
    const result = await page.evaluate(async () => {
      // All bytes, and all pairs of them: what is taken for text anywhere does not come back so.
      const bytes = new Uint8Array(131_072)
      for (let n = 0; n < 65_536; n++) bytes.set([n >> 8, n & 255], 2 * n)
      const same: boolean[] = []
      for (const body of [bytes, new Blob([bytes]), bytes.buffer]) {
        const response = await fetch('/api/bytes', { method: 'POST', body })
        const back = new Uint8Array(await response.arrayBuffer())
        same.push(back.length === bytes.length && back.every((byte, n) => byte === bytes[n]))
      }
      return same
    })
    expect(result).toEqual([true, true, true])
  })

  it("the application's own Authorization is sent as it is, and its 401 costs no refresh (H12)", async () => {
    scene = await Scene.open(browser)
    const seen: (string | undefined)[] = []
    scene.demo.server.prependListener('request', ({ url, headers }) => {
      if (url === '/api/me') seen.push(headers.authorization)
    })
    const page = await scene.tab()
    await logIn(page)
    const status = await page.evaluate(async () => {
      const response = await fetch('/api/me', { headers: { Authorization: 'Basic b3du' } })
      return response.status
    })
    expect(status).toBe(401)
    expect(seen).toEqual(['Basic b3du'])
    expect(scene.demo.stats).toMatchObject({ refreshes: 0 })
  })
})
