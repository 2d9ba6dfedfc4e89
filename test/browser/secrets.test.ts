import { expect, it } from 'vitest'
import { get, host, Scene, useBrowser } from './harness.ts'

const browser = useBrowser()

/** As a token begins. */
const CANARY = 'eyJhbGciOiJub25lIn0'

it('a secret that is anywhere when a test is over makes it fail (H17)', async () => {
  const scene = await Scene.open(browser)
  const page = await scene.tab()
  await get(page, `/api/${CANARY}?token=${CANARY}`)
  await page.evaluate(async canary => {
    performance.mark(canary)
    await (await caches.open('cache')).put('/', new Response(canary))
    localStorage.setItem('token', canary)
    sessionStorage.setItem(canary, 'token')
    // biome-ignore lint/suspicious/noDocumentCookie: what scripts can do
    document.cookie = `token=${canary}`
    document.title = canary
    window.received.push({ accessToken: canary })
  }, CANARY)
  scene.expose('console', 'the development build of the worker names the URLs that it answers')
  scene.expose('cookies', 'to see that it makes a difference')
  const places = 'performance entries, caches, localStorage, sessionStorage, document, messages of the worker'
  await expect(scene.close()).rejects.toThrow(`secrets in: ${places}, log of the server, URLs of requests`)
})

it('a secret in the console does so too (R35)', async () => {
  const scene = await Scene.open(browser)
  const page = await scene.tab()
  await page.evaluate(canary => console.log(`token: ${canary}`), CANARY)
  await expect(scene.close()).rejects.toThrow(/secrets in: console, in a line that begins with token: /)
})

it.runIf(host === 'worker')('what the worker says is heard, in answer and by itself', async () => {
  const scene = await Scene.open(browser)
  const page = await scene.tab()
  await page.evaluate(async () => {
    await window.auth.inspect()
    const headers = { 'Content-Type': 'application/json' }
    const body = '{"username":"ada","password":"lovelace"}'
    await fetch('/auth/login', { method: 'POST', headers, body })
  })
  const heard = () => page.evaluate(() => window.received.map(data => data as { type: string; reason?: string }))
  await expect.poll(async () => (await heard()).some(({ reason }) => reason === 'login')).toBe(true)
  expect((await heard()).map(({ type }) => type)).toContain('inspect')
  await scene.close()
})
