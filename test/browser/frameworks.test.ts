import { execFile } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { DemoOptions } from '../../examples/demo/app.mjs'
import type { Tab } from './engines/engine.ts'
import { Example, submitLogin } from './example.ts'
import { Scene, useBrowser } from './harness.ts'

const frameworks = new Example('frameworks')
let files: NonNullable<DemoOptions['files']>
beforeAll(async () => {
  await frameworks.install()
  await frameworks.run('npm', 'run', 'build')
  files = frameworks.files()
})

const browser = useBrowser()
let scene: Scene | undefined
afterEach(async () => {
  await scene?.close()
  scene = undefined
})

const text = (page: Tab) => page.evaluate(() => document.body.innerText.trim())

const click = (page: Tab, name: string) =>
  page.evaluate(
    wanted => [...document.querySelectorAll('button')].find(({ innerText }) => innerText === wanted)?.click(),
    name,
  )

describe.each(['react', 'vue', 'svelte', 'angular'])('%s, without an adapter', name => {
  it('shows who is logged in, and follows refreshes and the logout of another tab', async () => {
    scene = await Scene.open(browser, { files })
    const page = await scene.tab(`/${name}/index.html`, { ready: false })
    await submitLogin(page)
    await expect.poll(() => text(page)).toContain('Ada Lovelace, token 1')

    const other = await scene.tab(`/${name}/index.html`, { ready: false })
    await expect.poll(() => text(other)).toContain('Ada Lovelace, token 1')
    await click(other, 'Refresh')
    for (const tab of [page, other]) await expect.poll(() => text(tab)).toContain('Ada Lovelace, token 2')
    await click(other, 'Log out')
    for (const tab of [page, other]) await expect.poll(() => text(tab)).toBe('Log in')
    expect(scene.demo.stats).toMatchObject({ logins: 1, refreshes: 1, refreshFailures: 0 })
  })
})

it('a page that a server has rendered with React hydrates without a mismatch, logged in or not', async () => {
  const { render } = await import(pathToFileURL(`${frameworks.folder}/dist/server/server.js`).href)
  const html: string = render()
  expect(html).toBe('<p>One moment…</p>')
  const shell = String(files['/react/index.html']?.body)
  const body = shell.replace('<div id="root">', `$&${html}`)
  expect(body).toContain(html)
  scene = await Scene.open(browser, { files: { ...files, '/rendered.html': { type: 'html', body } } })
  const page = await scene.tab('/rendered.html', { ready: false })
  await submitLogin(page)
  await expect.poll(() => text(page)).toContain('Ada Lovelace, token 1')
  await page.reload()
  await expect.poll(() => text(page)).toContain('Ada Lovelace, token 1')
  // React reports a mismatch as an error that nobody has caught, for which the scene fails when it is closed.
})

it('what pages import can be imported, and called, by plain Node', async () => {
  const script = `
    import { register } from 'refresh-worker'
    import { parsePageRequest } from 'refresh-worker/protocol'
    import { fakeAuth } from 'refresh-worker/testing'
    console.log(typeof document, register('/sw.js').getSnapshot().status, parsePageRequest({}), fakeAuth().getSnapshot().status)`
  const node = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: frameworks.folder })
  expect(await node).toEqual({ stdout: 'undefined unsupported null anonymous\n', stderr: '' })
})
