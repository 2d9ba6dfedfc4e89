// Takes the pictures of the documents: devtools and the demo, for a wide and a narrow screen, light and dark. It takes what
// `npm run build` has made, and Chromium.
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { createDemo } from '../examples/demo/app.mjs'
import { CHROMIUM_FLAGS, findBrowser } from './browsers.mjs'

const DOCS = fileURLToPath(new URL('../docs', import.meta.url))
const SIZES = { desktop: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } }
const SCHEMES = ['light', 'dark']

/** An application with devtools in it. */
const APP = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Orders</title>
<link rel="icon" href="/favicon.svg"><style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, "Liberation Sans", sans-serif }
  main { max-width: 640px; margin: 32px auto; padding: 0 20px }
  li { padding: 8px 0; border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent) }
  ul { padding: 0; list-style: none }
</style><main><h1>Orders</h1><ul></ul></main><script type="module">
  import { mountDevtools } from '/refresh-worker/devtools.js'
  import { register } from '/refresh-worker/index.js'
  window.auth = register('/sw.js')
  mountDevtools(auth)
  window.load = async () => {
    const orders = await Promise.all([1, 2, 3, 4].map(async n => (await fetch('/api/orders/' + n)).json()))
    document.querySelector('ul').replaceChildren(...orders.map(({ order, item }) => {
      const li = document.createElement('li')
      li.textContent = order + ' · ' + item
      return li
    }))
  }
</script></html>`

const browser = await chromium.launch({ executablePath: findBrowser('chromium'), args: [...CHROMIUM_FLAGS] })
try {
  mkdirSync(`${DOCS}/screenshots`, { recursive: true })
  for (const colorScheme of SCHEMES) {
    await shoot(colorScheme, devtools)
    await shoot(colorScheme, demo)
  }
} finally {
  await browser.close()
}

/** Opens a server and a profile, and takes a picture for each size. */
async function shoot(colorScheme, prepare) {
  const files = { '/app.html': { type: 'text/html', body: APP } }
  const kinds = ['bearer', 'cookies', 'page'].map((kind, index) => ({ kind, url: `http://localhost:${8020 + index}` }))
  const server = createDemo({ lifetime: 60, latency: 400, files, kinds: () => kinds })
  const origin = await server.listen(0)
  const context = await browser.newContext({ colorScheme, viewport: SIZES.desktop })
  try {
    const page = await prepare(context, origin, server)
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport)
      // Two frames, so that what measures itself has been drawn anew.
      await page.evaluate(() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 400))))
      await page.mouse.move(0, 0)
      await page.evaluate(() => scrollTo(0, 0))
      const path = `${DOCS}/screenshots/${prepare.name}-${size}-${colorScheme}.png`
      await page.screenshot({ path })
      if (path.endsWith('demo-desktop-light.png')) {
        // For the README: down to where devtools begins.
        const { y: height } = await page.locator('refresh-worker-devtools').boundingBox()
        await page.setViewportSize({ width: viewport.width, height: Math.floor(height) })
        await page.screenshot({ path: `${DOCS}/demo.png` })
      }
    }
  } finally {
    await context.close()
    await server.close()
  }
}

async function devtools(context, origin, server) {
  const page = await context.newPage()
  const other = await context.newPage()
  for (const tab of [page, other]) {
    await tab.goto(`${origin}/app.html`)
    await tab.evaluate(() => window.auth.ready)
  }
  await page.bringToFront()
  await page.locator('refresh-worker-devtools .opener').click()
  const headers = { 'Content-Type': 'application/json' }
  const login = { method: 'POST', headers, body: '{"username":"ada","password":"lovelace"}' }
  await page.evaluate(login => fetch('/auth/login', login), login)
  await page.evaluate(() => window.load())
  await page.waitForTimeout(2500)
  server.expireAccessTokens()
  await Promise.all([page, other].map(tab => tab.evaluate(() => window.load())))
  await page.waitForTimeout(2500)
  await page.evaluate(() => fetch('/elsewhere'))
  await other.evaluate(() => window.load())
  await page.waitForTimeout(1500)
  return page
}

async function demo(context, origin) {
  const tabs = []
  for (let n = 0; n < 4; n++) {
    const tab = await context.newPage()
    await tab.goto(origin)
    await tab.locator('#call-1:enabled').waitFor()
    tabs.push(tab)
  }
  const [page] = tabs
  await page.bringToFront()
  await page.locator('[data-username=ada]').click()
  await page.locator('#burst:enabled').click()
  for (const tab of tabs) await tab.getByText('200 × 20').first().waitFor()
  await page.waitForTimeout(1500)
  return page
}
