import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { engine, logIn, Scene, untilStatus, useBrowser } from './harness.ts'

/** Longer than Firefox lets a worker live that nothing is sent to: 30 s, and 61 s before an answer's headers (milliseconds). */
const LONG = 65_000

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

/** An API of another origin: each answer ends when it is old enough. */
async function openApi() {
  const open = new Map<string, ServerResponse>()
  const closed: string[] = []
  const headers = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*, Authorization' }
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    if (request.method === 'OPTIONS') return response.writeHead(204, headers).end()
    open.set(path, response)
    response.once('close', () => closed.push(path))
    if (path === '/events')
      response.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream' }).write('data: 0\n\n')
    if (path === '/stream') response.writeHead(200, headers).write('first ')
    return response
  })
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    closed,
    answer: (path: string) => open.get(path) as ServerResponse,
    reached: (path: string) => expect.poll(() => open.has(path)).toBe(true),
    headers,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

// Chromium and WebKit let a worker finish what it has begun.
it.runIf(engine.name === 'firefox')(
  `a stream, an EventSource and an answer that is long in coming outlive ${LONG / 1000} seconds`,
  {
    timeout: LONG + 60_000,
  },
  async () => {
    const api = await openApi()
    try {
      const setup = `RefreshWorker.setup({ apiUrls: ['${api.url}'], useRefreshToken: true })`
      const body = `importScripts('/refresh-worker.js'); ${setup}`
      scene = await Scene.open(browser, { lifetime: 600, files: { '/sw.js': { type: 'text/javascript', body } } })
      const page = await scene.tab()
      await logIn(page)
      await untilStatus(page, 'authenticated')
      await page.evaluate(url => {
        const events: string[] = []
        const source = new EventSource(`${url}events`)
        source.onmessage = ({ data }) => events.push(data)
        source.onerror = () => events.push('broken')
        const textOf = (path: string) => fetch(url + path).then(response => response.text(), String)
        Object.assign(window, { source, events, answers: Promise.all([textOf('stream'), textOf('late')]) })
        const { postMessage } = ServiceWorker.prototype
        Object.assign(window, { sent: [] })
        ServiceWorker.prototype.postMessage = function (message: { type: string }, ...rest: unknown[]) {
          ;(window as unknown as { sent: string[] }).sent.push(message.type)
          return Reflect.apply(postMessage, this, [message, ...rest])
        }
      }, api.url)
      for (const path of ['/events', '/stream', '/late']) await api.reached(path)

      // What is shown is that it lives on: there is nothing to wait for but time.
      await new Promise(resolve => setTimeout(resolve, LONG))
      api.answer('/stream').end('last')
      api.answer('/late').writeHead(200, api.headers).end('late')
      api.answer('/events').write('data: 1\n\n')

      expect(await page.evaluate('answers')).toEqual(['first last', 'late'])
      await expect.poll(() => page.evaluate('events')).toEqual(['0', '1'])
      expect(api.closed).not.toContain('/events')
      // Ended by the server: Firefox complains of one that its page gives up.
      await page.evaluate('source.onerror = () => source.close()')
      api.answer('/events').end()
      await expect.poll(() => page.evaluate('source.readyState')).toBe(2)
      const sent = await page.evaluate<string[]>('sent')
      expect(sent.filter(type => type === 'keep-alive').length).toBeGreaterThan(2)
    } finally {
      api.close()
    }
  },
)

it('a stream that is on its way when a new version comes is not taken for complete', async () => {
  const api = await openApi()
  try {
    const worker = (version: number) => ({
      type: 'text/javascript',
      body: `/* ${version} */ importScripts('/refresh-worker.js'); RefreshWorker.setup({ apiUrls: ['${api.url}'] })`,
    })
    scene = await Scene.open(browser, { files: { '/sw.js': worker(1) } })
    const page = await scene.tab()
    await logIn(page)
    await page.evaluate(url => {
      const text = fetch(`${url}stream`).then(response => response.text())
      Object.assign(window, { answer: text.catch(error => error.name), hasTakenOver: false })
      navigator.serviceWorker.addEventListener('controllerchange', () => Object.assign(window, { hasTakenOver: true }))
    }, api.url)
    await api.reached('/stream')

    scene.files['/sw.js'] = worker(2)
    await page.evaluate(() => navigator.serviceWorker.getRegistration().then(registration => registration?.update()))
    const isThere = () =>
      page.evaluate<boolean>(
        'hasTakenOver || navigator.serviceWorker.getRegistration().then(({ waiting }) => waiting !== null)',
      )
    await expect.poll(isThere).toBe(true)
    api.answer('/stream').end('last')

    // Chromium's new version waits for it by itself, Firefox's for us. WebKit's does not, and says so.
    expect(await page.evaluate('answer')).toBe(engine.name === 'webkit' ? 'TypeError' : 'first last')
    await expect.poll(() => page.evaluate('hasTakenOver')).toBe(true)
  } finally {
    api.close()
  }
})

it('an EventSource does not keep a new version waiting, and goes on through it (V32)', async () => {
  const worker = (version: number) => ({
    type: 'text/javascript',
    body: `/* ${version} */ importScripts('/refresh-worker.js'); RefreshWorker.setup({ apiUrls: ['/api/'] })`,
  })
  scene = await Scene.open(browser, { files: { '/sw.js': worker(1) } })
  let connections = 0
  scene.serve('/api/events', (request, response) => {
    const isKnown = request.headers.authorization !== undefined
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.write(`retry: 100\ndata: ${++connections} ${isKnown ? 'with' : 'without'} a token\n\n`)
  })
  const page = await scene.tab()
  await logIn(page)
  await page.evaluate(() => {
    const source = new EventSource('/api/events')
    const events: string[] = []
    source.onmessage = ({ data }) => events.push(data)
    Object.assign(window, { events, hasTakenOver: false })
    navigator.serviceWorker.addEventListener('controllerchange', () => Object.assign(window, { hasTakenOver: true }))
  })
  await expect.poll(() => page.evaluate('events.join()')).toBe('1 with a token')

  scene.files['/sw.js'] = worker(2)
  await page.evaluate(() => navigator.serviceWorker.getRegistration().then(registration => registration?.update()))
  await expect.poll(() => page.evaluate('hasTakenOver'), { timeout: 30_000 }).toBe(true)
  await expect.poll(() => page.evaluate('events.at(-1)'), { timeout: 30_000 }).toMatch(/^([2-9]) with a token$/)
  await page.evaluate(() => window.auth.logout())
})
