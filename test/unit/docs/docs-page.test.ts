// @vitest-environment happy-dom
import { transformSync } from 'esbuild'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { register } from '../../../src/page/register.ts'
import { envelope, type PageRequest, parsePageRequest, type WorkerReply } from '../../../src/protocol.ts'
import { type Block, blocksThatAre } from './blocks.ts'

const { happyDOM } = window as unknown as { happyDOM: { setURL(url: string): void } }

/** A worker that answers as ours does while Ada is logged in; what it was asked, and where its script was. */
function createContainer() {
  const asked: PageRequest['type'][] = []
  const scripts: string[] = []
  const state = {
    status: 'authenticated',
    sessionId: 'a',
    generation: 1,
    expiresAt: null,
    refreshAt: null,
    endsAt: null,
    claims: {},
  }
  const described = { type: 'state', state, session: 'refresh-worker', isDefault: true, run: 'r', sequence: 1 }
  const replies: Partial<Record<PageRequest['type'], object>> = {
    'access-token': { type: 'access-token', accessToken: 'access-1' },
    inspect: { type: 'inspect', report: { version: '0.0.0-test', storage: 'indexeddb', lastRefresh: null, state } },
    logout: { ...described, state: { status: 'anonymous', reason: 'logout' } },
  }
  const worker = Object.assign(new EventTarget(), {
    state: 'activated',
    scriptURL: `${location.origin}/sw.js`,
    postMessage(data: unknown, [port]: MessagePort[]) {
      const message = parsePageRequest(data)
      expect(message, JSON.stringify(data)).not.toBeNull()
      const type = (message as PageRequest).type
      asked.push(type)
      port?.postMessage(envelope((replies[type] ?? described) as WorkerReply))
    },
  })
  const registration = { scope: `${location.origin}/`, active: worker, installing: null, waiting: null, update() {} }
  const container = Object.assign(new EventTarget(), {
    controller: worker,
    ready: Promise.resolve(registration),
    startMessages() {},
    async register(url: string) {
      scripts.push(new URL(url, location.origin).pathname)
      return registration
    },
  })
  return { asked, scripts, container }
}

let page: ReturnType<typeof createContainer>

beforeEach(async () => {
  happyDOM.setURL('https://app.example/')
  document.body.innerHTML = '<form><input name="username" value="ada"></form><p id="problem"></p>'
  page = createContainer()
  Object.defineProperty(navigator, 'serviceWorker', { value: page.container, configurable: true })
  vi.stubGlobal('isSecureContext', true)
  vi.stubGlobal('register', register)
  const auth = register('/sw.js')
  await auth.ready
  vi.stubGlobal('auth', auth)
  vi.stubGlobal('request', new XMLHttpRequest())
  vi.stubGlobal(
    'fetch',
    vi.fn(async () => Response.json({ ok: true })),
  )
  vi.spyOn(console, 'log').mockReturnValue()
})

/** Runs a module: what it imports of us is there already. */
function run({ text, language }: Block): Promise<void> {
  const { code } = transformSync(text, { loader: language as 'js' | 'ts' })
  const body = code
    .replace(/^import .* from "refresh-worker";$/gm, '')
    .replace(/^export (?=const|function|async)/gm, '')
  return new Function(`return (async () => {${body}})()`)()
}

/** What the worker is asked by what a page calls. */
const ASKS = {
  updateToken: 'update-token',
  logout: 'logout',
  inspect: 'inspect',
  getAccessToken: 'access-token',
} as const

describe('the page', () => {
  it.each(blocksThatAre('page'))('$place runs to its end, and asks the worker', async block => {
    const rejected = vi.fn()
    process.on('unhandledRejection', rejected)
    onTestFinished(() => void process.off('unhandledRejection', rejected))

    await run(block)

    if (block.text.includes("addEventListener('submit'")) {
      document.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }))
      await expect.poll(() => document.getElementById('problem')?.hidden).toBe(true)
      expect(fetch).toHaveBeenCalledWith('/auth/login', expect.objectContaining({ body: '{"username":"ada"}' }))
    }
    // Only what is no part of a function has been called.
    for (const [name, type] of Object.entries(ASKS))
      if (new RegExp(`^(\\S.*)?\\bawait auth\\.${name}\\(`, 'm').test(block.text)) expect(page.asked).toContain(type)
    if (block.text.includes('active.postMessage')) await expect.poll(() => page.asked.length).toBe(2)
    expect(page.scripts).toEqual(block.text.includes('register(') ? ['/sw.js', '/sw.js'] : ['/sw.js'])
    expect(rejected).not.toHaveBeenCalled()
  })
})
