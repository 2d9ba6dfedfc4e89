import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { ACCESS_TOKEN_PLACEHOLDER } from '../../src/protocol.ts'
import type { Tab } from './engines/engine.ts'
import { get, logIn, Scene, stateOf, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

async function open(hooks: string): Promise<Tab> {
  const body = `importScripts('/refresh-worker.js')
    RefreshWorker.setup({ apiUrls: ['/api/'], loginUrl: '/auth/login', useRefreshToken: true, ${hooks} })`
  scene = await Scene.open(browser, { files: { '/sw.js': { type: 'text/javascript', body } } })
  return scene.tab()
}

const UNAUTHENTICATED = `isUnauthorized: async response => {
  const { errors } = await response.json()
  return errors?.[0].extensions.code === 'UNAUTHENTICATED'
}`

describe('isUnauthorized', () => {
  it("looks into GraphQL's 200, which is refreshed for and sent again (W49)", async () => {
    const page = await open(UNAUTHENTICATED)
    const seen = new Set<string>()
    scene.serve('/api/graphql', (request, response) => {
      seen.add(String(request.headers.authorization))
      const isFirst = seen.size === 1
      const errors = isFirst ? [{ extensions: { code: 'UNAUTHENTICATED' } }] : undefined
      response
        .setHeader('Content-Type', 'application/json')
        .end(JSON.stringify({ errors, data: isFirst ? null : 'ok' }))
    })
    await logIn(page)
    const body = await page.evaluate(async () => {
      const response = await fetch('/api/graphql', { method: 'POST', body: '{"query":"{ me }"}' })
      return response.json()
    })
    expect(body).toEqual({ data: 'ok' })
    expect(scene.demo.stats.refreshes).toBe(1)
  })

  it('holds up no stream, and leaves long bodies whole (W49)', async () => {
    const page = await open(UNAUTHENTICATED)
    const long = JSON.stringify({ data: 'x'.repeat(300_000) })
    scene.serve('/api/long', (_, response) => {
      response.setHeader('Content-Type', 'application/json').end(long)
    })
    let end = () => {}
    scene.serve('/api/events', (_, response) => {
      response.setHeader('Content-Type', 'text/event-stream').write('data: first\n\n')
      end = () => response.end('data: last\n\n')
    })
    await logIn(page)
    expect(await page.evaluate(async () => (await (await fetch('/api/long')).text()).length)).toBe(long.length)
    const first = await page.evaluate(async () => {
      const reader = (await fetch('/api/events')).body?.pipeThrough(new TextDecoderStream()).getReader()
      Object.assign(window, { reader })
      return (await reader?.read())?.value
    })
    expect(first).toContain('first')
    end()
    const last = await page.evaluate(async () => {
      const { reader } = window as unknown as { reader: ReadableStreamDefaultReader<string> }
      return (await reader.read()).value
    })
    expect(last).toContain('last')
    const { worker } = await page.evaluate(() => window.auth.inspect())
    expect(worker.hookFailures).toEqual([])
  })
})

describe('by default, a 401', () => {
  it('that asks for a step-up goes to the page as it is, and a POST is sent once (W50)', async () => {
    const page = await open('')
    let count = 0
    scene.serve('/api/pay', (_, response) => {
      count++
      response
        .writeHead(401, { 'WWW-Authenticate': 'Bearer error="insufficient_user_authentication", max_age="5"' })
        .end()
    })
    await logIn(page)
    const answer = await page.evaluate(async () => {
      const { status, headers } = await fetch('/api/pay', { method: 'POST', body: 'once' })
      return { status, challenge: headers.get('WWW-Authenticate') }
    })
    expect(answer).toEqual({ status: 401, challenge: expect.stringContaining('max_age') })
    expect([count, scene.demo.stats.refreshes]).toEqual([1, 0])
  })
})

describe('readTokens', () => {
  const IN_HEADER = `readTokens: ({ headers }) => {
    const accessToken = headers.get('X-Access')
    return accessToken && { accessToken }
  }, tokensInAnswers: true`

  it('takes tokens out of the headers of logins and of all answers, where pages get placeholders (W45, W46)', async () => {
    const page = await open(IN_HEADER)
    let count = 0
    const sent: (string | undefined)[] = []
    const answer = (body: string) => (request: IncomingMessage, response: ServerResponse) => {
      sent.push(request.headers.authorization)
      response.writeHead(200, { 'X-Access': `token-number-${++count}-of-this-test` }).end(body)
    }
    scene.serve('/auth/login', answer('{}'))
    scene.serve('/api/thing', answer('thing'))
    const login = await logIn(page)
    expect(login.headers['x-access']).toContain(ACCESS_TOKEN_PLACEHOLDER)
    for (let time = 0; time < 2; time++) {
      const seen = await page.evaluate(async () => {
        const response = await fetch('/api/thing')
        return [response.headers.get('X-Access'), await response.text()]
      })
      expect(seen).toEqual([expect.stringContaining(ACCESS_TOKEN_PLACEHOLDER), 'thing'])
    }
    expect(sent).toEqual([undefined, 'Bearer token-number-1-of-this-test', 'Bearer token-number-2-of-this-test'])
  })

  it('that throws at a login is named on the page and in the console, and no token comes to the page (W52)', async () => {
    const page = await open("readTokens: () => { throw new TypeError('eyJhbGciOiJIUzI1NiJ9') }")
    const { status, body } = await logIn(page)
    expect([status, body.code]).toEqual([502, 'hook_failed'])
    expect(await stateOf(page)).toMatchObject({ status: 'anonymous' })
    const { worker } = await page.evaluate(() => window.auth.inspect())
    expect(worker.hookFailures).toMatchObject([{ hook: 'readTokens', problem: 'has thrown (TypeError)', count: 1 }])
    expect(await get(page, '/api/me')).toBe(401)
  })
})

describe('refreshRequest', () => {
  it('sends a refresh of its own shape, once for two tabs (W40, W43)', async () => {
    const page = await open(`refreshTokenUrl: '/auth/renew', refreshRequest: ({ refreshToken, accessToken }) => ({
      method: 'PUT', headers: { Authorization: 'Bearer ' + refreshToken, 'X-Target': 'Renew', 'X-Old': accessToken } })`)
    const other = await scene.tab()
    let count = 0
    scene.serve('/auth/renew', (request, response) => {
      count++
      const { method, headers } = request
      if (method !== 'PUT' || headers['x-target'] !== 'Renew') return void response.writeHead(400).end()
      // The demo's own refresh, as it takes it.
      fetch(`${scene.origin}/auth/login`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${headers['x-old']}` },
        body: JSON.stringify({
          grant_type: 'refresh_token',
          refresh_token: String(headers.authorization).replace('Bearer ', ''),
        }),
      }).then(async answer => {
        response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(await answer.text())
      })
    })
    await logIn(page)
    scene.demo.expireAccessTokens()
    const statuses = await Promise.all([page, other].map(tab => get(tab, '/api/me')))
    expect(statuses).toEqual([200, 200])
    expect(count).toBe(1)
  })
})
