/** What docs/engines.md says that no worker sees: if a browser changes its mind, the page changes too. */
import { afterEach, describe, expect, it } from 'vitest'
import { engine, logIn, Scene, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

const isChromium = engine.name === 'chromium'

async function loggedIn(path?: string) {
  scene = await Scene.open(browser, {
    files: {
      '/preload.html': {
        type: 'text/html',
        body: `<!doctype html><link rel="icon" href="data:,"><link rel="preload" as="fetch" crossorigin href="/api/me">
          <script>addEventListener('load', async () => { window.status = String((await fetch('/api/me')).status) })</script>`,
      },
    },
  })
  const page = await scene.tab()
  await logIn(page)
  if (path) await page.goto(scene.origin + path)
  return page
}

describe('out of reach of any worker', () => {
  it('is a blank frame in Chromium; a srcdoc is controlled in every engine', async () => {
    const page = await loggedIn()
    const statuses = await page.evaluate(async () => {
      const statusIn = async (frame: HTMLIFrameElement) => (await frame.contentWindow?.fetch('/api/me'))?.status
      const blank = document.createElement('iframe')
      document.body.append(blank)
      const written = document.createElement('iframe')
      written.srcdoc = '<p>'
      const loaded = new Promise(resolve => written.addEventListener('load', resolve))
      document.body.append(written)
      await loaded
      return { blank: await statusIn(blank), written: await statusIn(written) }
    })
    expect(statuses).toEqual({ blank: isChromium ? 401 : 200, written: 200 })
  })

  it.runIf(isChromium)('is fetchLater()', async () => {
    const page = await loggedIn()
    const authorization = new Promise<string | undefined>(resolve =>
      scene.serve('/api/later', (request, response) => {
        resolve(request.headers.authorization)
        response.end()
      }),
    )
    await page.evaluate("fetchLater('/api/later', { activateAfter: 0 })")
    expect(await authorization).toBeUndefined()
  })

  it.runIf(engine.can.hardReload)('is a preload of a page that is reloaded around the worker', async () => {
    const page = await loggedIn('/preload.html')
    const status = () => page.evaluate<string>('window.status')
    await expect.poll(status).toBe('200')
    await page.hardReload()
    await expect.poll(status).toBe('401')
  })

  it('is what the answer weighed on the way, by Resource Timing, but in WebKit', async () => {
    const page = await loggedIn()
    const transferred = await page.evaluate(async () => {
      const entry = new Promise<PerformanceResourceTiming>(resolve =>
        new PerformanceObserver(list => {
          const found = list.getEntries().find(({ name }) => name.endsWith('/api/me'))
          if (found) resolve(found as PerformanceResourceTiming)
        }).observe({ type: 'resource' }),
      )
      await (await fetch('/api/me')).text()
      const { transferSize, nextHopProtocol } = await entry
      return { transferSize, nextHopProtocol }
    })
    if (engine.name === 'webkit') expect(transferred).toMatchObject({ nextHopProtocol: 'http/1.1' })
    else expect(transferred).toEqual({ transferSize: 0, nextHopProtocol: '' })
  })
})
