/** The site of the documents, as `npm run docs` builds it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { CHROMIUM_FLAGS } from '../../scripts/browsers.mjs'
import { buildDocs, serveDocs } from '../../scripts/docs.mjs'
import { AXE } from './axe.ts'

const SITE = join(import.meta.dirname, '../../docs/site/dist')
const PAGES = ['/', '/which-setup', '/comparison', '/configuration']

// Widths and colours are the drivers' own affair, and the site is not: one engine shows it.
describe.runIf(inject('engine') === 'chromium')('the site of the documents', () => {
  let browser: Browser
  let site: Awaited<ReturnType<typeof serveDocs>>
  let page: Page
  let problems: string[]

  beforeAll(async () => {
    await buildDocs()
    site = await serveDocs()
    browser = await chromium.launch({ executablePath: inject('executable'), args: [...CHROMIUM_FLAGS] })
  }, 300_000)
  afterAll(async () => {
    await browser?.close()
    await site?.close()
  })

  beforeEach(() => {
    problems = []
  })
  afterEach(async () => {
    await page.context().close()
    expect(problems).toEqual([])
  })

  async function open(path: string, { colorScheme = 'light' as 'light' | 'dark', width = 1280 } = {}) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 }, reducedMotion: 'reduce' })
    page = await context.newPage()
    page.on('pageerror', error => problems.push(error.message))
    page.on('console', message => message.type() === 'error' && problems.push(message.text()))
    page.on('request', request => request.url().startsWith(site.origin) || problems.push(`asks ${request.url()}`))
    page.on('response', response => response.status() >= 400 && problems.push(`${response.status()} ${response.url()}`))
    await page.goto(site.origin + path)
    await hydrated()
  }

  /** The links are the application's from then on. */
  const hydrated = () => page.waitForFunction(() => '__vue_app__' in (document.querySelector('#app') ?? {}))

  it('has README.md as its front page, and a way to a document and back', async () => {
    await open('/')
    expect(await page.locator('.vp-doc h1').innerText()).toContain('refresh-worker')
    const picture = page.locator('.vp-doc img').first()
    await expect.poll(() => picture.evaluate(image => (image as HTMLImageElement).naturalWidth)).toBeGreaterThan(0)

    await page.locator('.vp-doc a', { hasText: 'Which setup is mine?' }).first().click()
    await page.waitForURL('**/which-setup.html')
    await page.locator('.vp-doc h1', { hasText: 'Which setup is mine?' }).waitFor()
    await page.goto(`${site.origin}/guide`)
    await hydrated()
    await page.locator('.vp-doc a[href$="#in-five-minutes"]').click()
    await page.locator('.vp-doc h1', { hasText: 'refresh-worker' }).waitFor()
    expect(new URL(page.url())).toMatchObject({ pathname: '/', hash: '#in-five-minutes' })
  })

  it('finds an option by its name', async () => {
    await open('/')
    await page.keyboard.press('Control+k')
    await page.locator('#localsearch-input').fill('refreshTokenUrl')
    await page.locator('.result[href$="/configuration.html#refresh"]').click()
    await page.waitForURL('**/configuration.html#refresh')
    expect(await page.locator('#refresh ~ table').first().innerText()).toContain('refreshTokenUrl')
  })

  it.each(PAGES)('%s fits a phone: tables and code scroll within themselves', async path => {
    await open(path, { width: 390 })
    const { width, wide } = await page.evaluate(() => ({
      width: document.documentElement.scrollWidth,
      wide: [...document.querySelectorAll('.vp-doc table')].some(table => table.scrollWidth > table.clientWidth),
    }))
    expect(width).toBe(390)
    if (path === '/comparison') expect(wide).toBe(true)
  })

  it.each(PAGES.flatMap(path => (['light', 'dark'] as const).map(colorScheme => ({ path, colorScheme }))))(
    '$path can be read by everybody, $colorScheme',
    async ({ path, colorScheme }) => {
      await open(path, { colorScheme })
      expect(await page.evaluate(() => document.documentElement.classList.contains('dark'))).toBe(
        colorScheme === 'dark',
      )
      await page.evaluate(AXE)
      const { violations } = await page.evaluate(() => window.axe.run())
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      expect(serious.map(({ id, nodes }) => [id, nodes.map(({ html, any }) => [html, any[0]?.message])])).toEqual([])
    },
  )

  it('has every page and anchor that its pages link to', async () => {
    const names = readdirSync(SITE, { recursive: true, encoding: 'utf8' }).map(name => name.replaceAll('\\', '/'))
    const files = new Set(names)
    const pages = new Map(
      names
        .filter(name => name.endsWith('.html') && name !== '404.html')
        .map(name => [name, readFileSync(join(SITE, name), 'utf8')]),
    )
    const ids = new Map(
      [...pages].map(([name, html]) => [name, new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))]),
    )
    const links = [...pages].flatMap(([from, html]) =>
      [...html.matchAll(/<a [^>]*href="([^"]+)"/g)].map(([, href = '']) => ({ from, href })),
    )
    const isDead = ({ from, href }: (typeof links)[number]) => {
      const url = new URL(href, `${site.origin}/${from}`)
      if (url.origin !== site.origin) return false
      const name = decodeURI(url.pathname).slice(1) || 'index.html'
      const anchor = decodeURIComponent(url.hash.slice(1))
      return !files.has(name) || (anchor !== '' && ids.get(name)?.has(anchor) === false)
    }
    expect(links.length).toBeGreaterThan(1_000)
    expect(links.filter(isDead)).toEqual([])
    expect(isDead({ from: 'guide.html', href: '/configuration.html#no-sessions' })).toBe(true)
  })
})
