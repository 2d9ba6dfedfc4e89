import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Tab } from './engines/engine.ts'
import { barrier, get, logIn, Scene, SECRETS, stateOf, untilStatus, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
  await scene.close()
})

const workerOf = (options: string) => ({
  type: 'text/javascript',
  body: `importScripts('/refresh-worker.js'); RefreshWorker.setup({ ${options} })`,
})

const ANONYMOUS = { status: 'anonymous', reason: 'none' }

/** Another site: `127.0.0.1`, whereas the demo is at `localhost`. */
async function openSite(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const redirectTo =
  (location: string, status: number): RequestListener =>
  (_, response) =>
    response.writeHead(status, { Location: location }).end()

/** Notes of each request below a path what it carries. */
function watch(path: string) {
  const seen = new Map<string, string | undefined>()
  scene.demo.server.prependListener('request', ({ url = '', headers }) => {
    if (url.startsWith(path)) seen.set(url.slice(path.length), headers.authorization)
  })
  return seen
}

/** What the worker answers to a message of any script, without the helper. */
const ask = (page: Tab, type: string) =>
  page.evaluate(async type => {
    const { active } = await navigator.serviceWorker.ready
    const { port1, port2 } = new MessageChannel()
    const reply = new Promise<{ state?: unknown }>(resolve => {
      port1.onmessage = ({ data }) => resolve(data)
    })
    active?.postMessage({ ns: 'refresh-worker', v: 1, type }, [port2])
    return reply
  }, type)

describe('messages to the worker', () => {
  it('that are junk are not answered, and do no harm (H1–H5)', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    await logIn(page)

    const answers = await page.evaluate(async () => {
      const { active } = await navigator.serviceWorker.ready
      const valid = { ns: 'refresh-worker', v: 1, type: 'state' }
      const cyclic: Record<string, unknown> = { ...valid, type: 'cyclic' }
      cyclic.self = cyclic
      let deep: unknown = 1
      for (let n = 0; n < 500; n++) deep = { deep }
      const junk: unknown[] = [
        undefined,
        null,
        0,
        -0,
        Number.NaN,
        42n,
        true,
        '',
        'state',
        JSON.stringify(valid),
        [],
        [valid],
        {},
        new Date(0),
        /state/,
        new Error('state'),
        new Map(Object.entries(valid)),
        new Set(['state']),
        new Blob(['state']),
        new Uint8Array(8),
        new ArrayBuffer(10_485_760),
        'x'.repeat(10_485_760),
        { ...valid, type: 'x'.repeat(10_485_760) },
        Array.from({ length: 100_000 }, () => ({ ...valid, v: 2 })),
        cyclic,
        deep,
        { ...valid, ns: 'workbox' },
        { ...valid, v: 2 },
        { ...valid, v: '1' },
        { ...valid, type: ['state'] },
        { ...valid, type: '__proto__' },
        { ...valid, type: 'constructor' },
        { ...valid, type: 'toString' },
        { ...valid, type: 'set-token', token: 'x' },
        { ...valid, type: 'config', apiUrls: ['https://evil.example/'] },
        { ...valid, type: 'refresh-token' },
        { type: 'SKIP_WAITING' },
        { type: 'CACHE_URLS', payload: { urlsToCache: ['/api/me'] } },
        { action: 'INITIALIZE' },
      ]
      const answered: number[] = []
      junk.forEach((data, n) => {
        const { port1, port2 } = new MessageChannel()
        port1.onmessage = () => answered.push(n)
        active?.postMessage(data, [port2])
      })
      // Not even what is valid, where nobody would hear of it.
      active?.postMessage({ ...valid, type: 'logout' })
      for (let round = 0; round < 3; round++) await window.auth.inspect()
      return answered
    })

    expect(answers).toEqual([])
    expect(await stateOf(page)).toMatchObject({ status: 'authenticated' })
    expect(await get(page, '/api/me')).toBe(200)
  })

  it('that come by ten thousands are answered once each, and hold no request up for good (H7)', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    const other = await scene.tab()
    await logIn(page)
    const counting = page.evaluate(async () => {
      const { active } = await navigator.serviceWorker.ready
      const counts: number[] = []
      const all = Array.from({ length: 10_000 }, async (_, n) => {
        const { port1, port2 } = new MessageChannel()
        counts[n] = 0
        const answer = new Promise<void>(resolve => {
          port1.onmessage = () => {
            counts[n] = (counts[n] ?? 0) + 1
            resolve()
          }
        })
        active?.postMessage({ ns: 'refresh-worker', v: 1, type: 'state' }, [port2])
        return answer
      })
      const status = (await fetch('/api/me')).status
      await Promise.all(all)
      await window.auth.inspect()
      return { status, once: counts.filter(count => count === 1).length }
    })
    expect(await get(other, '/api/me')).toBe(200)
    expect(await counting).toEqual({ status: 200, once: 10_000 })
    expect(scene.demo.stats).toMatchObject({ refreshes: 0, unauthorized: 0 })
  })

  it('of a sandboxed frame there are none: it has no way to the worker, and its requests no token (H6)', async () => {
    scene = await Scene.open(browser)
    const seen = watch('/api/sandboxed/')
    const page = await scene.tab()
    await logIn(page)
    const found = await page.evaluate(async () => {
      const frame = document.createElement('iframe')
      frame.sandbox.add('allow-scripts')
      frame.srcdoc = `<script>
        const call = (url, options) => fetch(url, options).then(response => response.type, error => error.name)
        const look = async () => (await navigator.serviceWorker.getRegistration()) ? 'a worker' : 'none'
        Promise.all([
          call('${location.origin}/api/sandboxed/cors'),
          call('${location.origin}/api/sandboxed/no-cors', { mode: 'no-cors' }),
          look().catch(error => error.name),
        ]).then(list => parent.postMessage(list, '*'))
      </script>`
      const told = new Promise<unknown[]>(resolve => addEventListener('message', ({ data }) => resolve(data)))
      document.body.append(frame)
      return told
    })
    expect(found).not.toContain('a worker')
    expect([...seen.keys()].sort()).toEqual(['cors', 'no-cors'])
    expect([...seen.values()]).toEqual([undefined, undefined])
  })

  it('by which any script of the origin logs out are taken: it could as well fetch the logout URL (H8)', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    const other = await scene.tab()
    await logIn(page)
    await untilStatus(other, 'authenticated')
    expect(await ask(other, 'logout')).toMatchObject({ state: { status: 'anonymous', reason: 'logout' } })
    await untilStatus(page, 'anonymous')
    expect(await get(page, '/api/me')).toBe(401)
  })
})

it('what is forged in the name of the worker changes no state (R31, H9)', async () => {
  scene = await Scene.open(browser)
  const page = await scene.tab()
  const other = await scene.tab()
  const forge = async (tab: Tab) => {
    await tab.evaluate(async () => {
      const claims = { sub: 'mallory' }
      const state = { status: 'authenticated', sessionId: 'x', generation: 9, expiresAt: null, refreshAt: null, claims }
      const lie = {
        ns: 'refresh-worker',
        v: 1,
        type: 'state',
        state,
        reason: 'login',
        session: 'refresh-worker',
        isDefault: true,
        run: 'x',
        sequence: 1e9,
      }
      window.postMessage(lie, '*')
      const channel = new BroadcastChannel('refresh-worker')
      for (const data of [lie, 'changed', 'news', null, { accessToken: 'x' }]) channel.postMessage(data)
      navigator.serviceWorker.controller?.postMessage(lie)
      const frame = document.createElement('iframe')
      frame.srcdoc = `<script>parent.postMessage(${JSON.stringify(lie)}, '*')</script>`
      await new Promise(resolve => {
        frame.onload = resolve
        document.body.append(frame)
      })
      const { port1, port2 } = new MessageChannel()
      window.postMessage(lie, '*', [port2])
      port1.postMessage(lie)
      await window.auth.inspect()
    })
  }

  await forge(page)
  for (const tab of [page, other]) expect(await stateOf(tab)).toEqual(ANONYMOUS)
  expect(await get(page, '/api/me')).toBe(401)

  await logIn(page)
  await untilStatus(other, 'authenticated')
  await forge(other)
  for (const tab of [page, other]) expect(await stateOf(tab)).toMatchObject({ claims: { sub: 'ada' } })
  expect(await get(other, '/api/me')).toBe(200)
  expect(scene.demo.stats).toMatchObject({ refreshes: 0 })
})

describe('another site', () => {
  /** A page with a form, which it submits as soon as the site answers another request of it. */
  const formTo = (action: string, fields: Record<string, string>) => {
    const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`)
    return `<!doctype html><link rel="icon" href="data:,"><form method="post" action="${action}">${inputs.join('')}</form>
      <script>fetch('/go').then(() => document.forms[0].submit())</script>`
  }

  // A headless shell never closes a tab that shows the answer to another site's form.
  const whole = useBrowser('executable')

  it.each([
    ['the API', '/api/echo', 401],
    ['the login URL', '/auth/login', 200],
  ])('that posts a form to %s gets no token sent, and logs nobody in (H10)', async (_, path, status) => {
    scene = await Scene.open(whole)
    const page = await scene.tab()
    await logIn(page)
    await untilStatus(page, 'authenticated')
    const before = await stateOf(page)
    const seen = watch(path)
    const loaded = barrier()
    const site = await openSite(async ({ url }, response) => {
      if (url === '/go') await loaded.pass()
      response.setHeader('Content-Type', 'text/html')
      response.end(formTo(`${scene.origin}${path}`, { username: 'grace', password: 'hopper' }))
    })

    const attacker = await scene.profile.newTab()
    await attacker.goto(site)
    loaded.open()
    await expect
      .poll(() => scene.demo.log.filter(entry => entry.path === path && entry.status === status).length)
      .toBe(path === '/api/echo' ? 1 : 2)
    expect([...seen.values()]).toEqual([undefined])
    // It shows the very answer, as it would without a worker.
    await attacker.close()

    expect(await ask(page, 'state')).toMatchObject({ state: before })
    expect(await stateOf(page)).toEqual(before)
    expect(await page.evaluate(async () => (await (await fetch('/api/me')).json()).sub)).toBe('ada')
  })

  it.each([301, 302, 303, 307, 308])(
    'to which the API redirects by %i gets no token, nor does it on a way back (U27, M1)',
    async status => {
      const arrived: [string, string | undefined][] = []
      const site = await openSite(({ url = '', headers, method }, response) => {
        response.setHeader('Access-Control-Allow-Origin', headers.origin ?? '*')
        response.setHeader('Access-Control-Allow-Headers', 'authorization, x-auth-token')
        if (method === 'OPTIONS') return response.writeHead(204).end()
        arrived.push([url, headers.authorization])
        if (url === '/back') return response.writeHead(status, { Location: `${scene.origin}/api/back` }).end()
        return response.end('{}')
      })
      // The demo's own worker has a Content-Security-Policy, by which it could reach no other site at all.
      scene = await Scene.open(browser, { files: { '/sw.js': workerOf("apiUrls: ['/api/'], useRefreshToken: true") } })
      const seen = watch('/api/')
      const page = await scene.tab()
      await logIn(page)
      scene.serve('/api/away', redirectTo(`${site}/away`, status))
      scene.serve('/api/away-and-back', redirectTo(`${site}/back`, status))
      const call = ([url, method]: [string, string]) =>
        fetch(url, { method }).then(
          response => response.status,
          error => error.name,
        )
      expect(await page.evaluate(call, ['/api/away', 'GET'])).toBe(200)
      expect(await page.evaluate(call, ['/api/away', 'POST'])).toBe(200)
      // That is no answer of the API, and so no reason to refresh; what it is, is up to the browser.
      await page.evaluate(call, ['/api/away-and-back', 'GET'])

      expect(seen.get('away')).toMatch(/^Bearer /)
      expect(arrived).toEqual([
        ['/away', undefined],
        ['/away', undefined],
        ['/back', undefined],
      ])
      expect(seen.get('back')).toBeUndefined()
      expect(scene.demo.stats).toMatchObject({ refreshes: 0 })
    },
  )

  it('gets no token in a header of another name: the request fails at the redirect (U27, R8, M2)', async () => {
    let arrived = 0
    const site = await openSite(({ headers }, response) => {
      arrived++
      response.setHeader('Access-Control-Allow-Origin', headers.origin ?? '*')
      response.setHeader('Access-Control-Allow-Headers', 'x-auth-token')
      response.end('{}')
    })
    const worker = workerOf("apiUrls: ['/api/'], authHeader: 'X-Auth-Token', authTokenType: false")
    scene = await Scene.open(browser, { files: { '/sw.js': worker } })
    const page = await scene.tab()
    await logIn(page)
    scene.serve('/api/away', redirectTo(`${site}/away`, 307))
    const result = await page.evaluate(() => fetch('/api/away').then(String, error => error.name))
    expect(result).toBe('TypeError')
    expect(arrived).toBe(0)
  })
})

it('no element of a page gets the token sent, whatever its kind (R6, H11)', async () => {
  scene = await Scene.open(browser)
  const seen = watch('/api/by/')
  const page = await scene.tab()
  await logIn(page)
  await page.evaluate(async () => {
    const url = (kind: string) => `/api/by/${kind}`
    const add = (html: string) => {
      const holder = document.createElement('div')
      holder.innerHTML = html
      document.body.append(holder)
    }
    const script = (kind: string, type: string) =>
      new Promise(resolve => {
        const element = Object.assign(document.createElement('script'), { type, src: url(kind) })
        element.onload = element.onerror = resolve
        document.body.append(element)
      })
    const frame = (tag: 'iframe' | 'object' | 'embed', name: string) =>
      document.body.append(Object.assign(document.createElement(tag), { [name]: url(tag) }))

    add(`<img src="${url('img')}"><img srcset="${url('srcset')} 1x">
      <picture><source srcset="${url('picture')}"><img></picture>
      <svg><image href="${url('svg-image')}" width="9" height="9"/><use href="${url('svg-use')}#x"/></svg>
      <input type="image" src="${url('input')}">
      <video src="${url('video')}" poster="${url('poster')}" preload="auto"></video>
      <video preload="auto"><source src="${url('source')}"></video>
      <video preload="auto"><track default src="${url('track')}"></video>
      <audio src="${url('audio')}" preload="auto"></audio>
      <link rel="stylesheet" href="${url('stylesheet')}"><link rel="prefetch" href="${url('prefetch')}">
      <link rel="preload" as="fetch" href="${url('preload')}"><link rel="preload" as="image" href="${url('preload-image')}">
      <link rel="modulepreload" href="${url('modulepreload')}"><link rel="manifest" href="${url('manifest')}">
      <link rel="icon" href="${url('icon')}"><div style="background: url(${url('background')}); height: 9px">x</div>
      <style>@import url(${url('import-css')}); @font-face { font-family: far; src: url(${url('font')}) }</style>
      <p style="font-family: far">x</p>
      <a ping="${url('ping')}" href="#x">x</a>
      <form method="post" action="${url('form')}" target="formed"></form><iframe name="formed"></iframe>`)
    frame('iframe', 'src')
    frame('object', 'data')
    frame('embed', 'src')
    navigator.sendBeacon(url('beacon'), 'x')
    document.querySelector('a')?.click()
    document.forms[0]?.submit()
    await Promise.all([
      fetch(url('no-cors'), { mode: 'no-cors' }),
      script('script', ''),
      script('module', 'module'),
      // As text, which the test runner does not take for an import of its own.
      new Function('url', 'return import(url)')(url('import')).catch(() => undefined),
      new Promise(resolve => {
        new Worker(url('worker')).onerror = resolve
      }),
      new Promise(resolve => {
        const socket = new WebSocket(url('websocket').replace(/^/, location.origin.replace('http', 'ws')))
        socket.onerror = resolve
      }),
      fetch(url('fetch')),
    ])
  })

  const sure = [
    'img',
    'script',
    'module',
    'import',
    'worker',
    'stylesheet',
    'iframe',
    'beacon',
    'no-cors',
    'form',
    'video',
  ]
  await expect.poll(() => sure.filter(kind => !seen.has(kind))).toEqual([])
  // It would have been seen.
  expect(seen.get('fetch')).toMatch(/^Bearer /)
  seen.delete('fetch')
  expect([...seen].filter(([, authorization]) => authorization !== undefined)).toEqual([])
})

describe('a page that meddles with the database while requests run (H13)', () => {
  const meddling = {
    'deletes the record': () =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open('refresh-worker')
        opening.onerror = reject
        opening.onsuccess = () => {
          const transaction = opening.result.transaction('sessions', 'readwrite')
          transaction.objectStore('sessions').clear()
          transaction.onerror = reject
          transaction.oncomplete = () => {
            opening.result.close()
            resolve()
          }
        }
      }),
    'raises its version': () =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open('refresh-worker', 99)
        opening.onerror = reject
        opening.onsuccess = () => {
          // Nor does the worker depend on its being closed.
          resolve()
        }
      }),
    'takes the store out of it': () =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open('refresh-worker', 99)
        opening.onerror = reject
        opening.onupgradeneeded = () => opening.result.deleteObjectStore('sessions')
        opening.onsuccess = () => {
          opening.result.close()
          resolve()
        }
      }),
  }

  it.each(Object.entries(meddling))('and %s: they are all answered, and a login works', async (_, meddle) => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    const hostile = await scene.tab()
    await logIn(page)
    const calls = await page.evaluateHandle(() => {
      let isOver = false
      const work = async () => {
        const statuses: number[] = []
        while (!isOver) statuses.push((await fetch('/api/me')).status)
        return statuses
      }
      const all = Promise.all([work(), work(), work()])
      return {
        end: async () => {
          isOver = true
          return (await all).flat()
        },
      }
    })
    await hostile.evaluate(meddle)
    await get(hostile, '/api/me')
    const statuses = await calls.evaluate(({ end }) => end())
    expect(statuses.filter(status => status !== 200 && status !== 401)).toEqual([])

    await logIn(page, 'grace', 'hopper')
    await untilStatus(hostile, 'authenticated')
    await page.evaluate(() => window.auth.updateToken())
    expect(await hostile.evaluate(async () => (await (await fetch('/api/me')).json()).sub)).toBe('grace')
  })
})

describe('a page with a strict Content-Security-Policy and Trusted Types (R38)', () => {
  const POLICY =
    "default-src 'none'; script-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; " +
    "require-trusted-types-for 'script'; trusted-types app"
  const file = (body: string, type = 'text/javascript') => ({ type, body })
  const files = {
    '/strict.html': file(
      '<!doctype html><meta charset="utf-8"><script type="module" src="/strict.js"></script>',
      'text/html',
    ),
    '/strict.js': file(`
      import { register } from '/refresh-worker/index.js'
      const policy = globalThis.trustedTypes?.createPolicy('app', { createScriptURL: url => url })
      const url = new URLSearchParams(location.search).get('worker')
      window.auth = register(location.hash === '#text' || !policy ? url : policy.createScriptURL(url))`),
    '/strict-sw.js': file(`
      const policy = self.trustedTypes?.createPolicy('app', { createScriptURL: url => url })
      importScripts(policy ? policy.createScriptURL('/refresh-worker.js') : '/refresh-worker.js')
      RefreshWorker.setup({ apiUrls: ['/api/'], useRefreshToken: true })`),
  }
  const open = async () => {
    scene = await Scene.open(browser, { files })
    scene.demo.server.prependListener('request', ({ url = '' }, response) => {
      if (url.startsWith('/strict')) response.setHeader('Content-Security-Policy', POLICY)
    })
  }

  it('has its worker from a TrustedScriptURL, under the same policy, and works', async () => {
    await open()
    const page = await scene.tab('/strict.html?worker=/strict-sw.js')
    await logIn(page)
    expect(await get(page, '/api/me')).toBe(200)
    await page.evaluate(() => window.auth.updateToken())
    expect(await page.evaluate(() => window.auth.logout())).toMatchObject({ reason: 'logout' })
  })

  it('is told what is wrong with a plain string', async () => {
    await open()
    const page = await scene.tab('/strict.html?worker=/strict-sw.js#text', { ready: false })
    await expect.poll(() => page.evaluate(() => 'auth' in window)).toBe(true)
    const result = await page.evaluate(async () => {
      const failure = await window.auth.ready.then(
        () => null,
        ({ code, message }) => ({ code, message }),
      )
      return { failure, isGuarded: 'trustedTypes' in window }
    })
    expect(result.failure).toEqual(
      result.isGuarded
        ? {
            code: 'script_error',
            message: expect.stringMatching(/TrustedScriptURL.*createScriptURL\('\/strict-sw\.js'\)/),
          }
        : null,
    )
  })
})

/** What an attacker can do whose script runs in the page. It works, as RFC 10017 says; see SECURITY.md. */
describe('XSS drill (H15, R1): a script in the page', () => {
  it('reads the tokens out of IndexedDB', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    await logIn(page)
    const found = await page.evaluate(
      () =>
        new Promise<string[]>((resolve, reject) => {
          const opening = indexedDB.open('refresh-worker')
          opening.onerror = reject
          opening.onsuccess = () => {
            const all = opening.result.transaction('sessions').objectStore('sessions').getAll()
            all.onerror = reject
            all.onsuccess = () => {
              const isJwt = ([, value]: [string, unknown]) => typeof value === 'string' && value.startsWith('eyJ')
              resolve(
                all.result.flatMap(record =>
                  Object.entries(record)
                    .filter(isJwt)
                    .map(([name]) => name),
                ),
              )
            }
          }
        }),
    )
    expect(found.sort()).toEqual(['accessToken', 'refreshToken'])
  })

  it('gets tokens of its own: it unregisters the worker, and logs in from a new frame', async () => {
    scene = await Scene.open(browser, { files: { '/blank.html': { type: 'text/html', body: '<!doctype html>' } } })
    const page = await scene.tab()
    await logIn(page)
    const found = await page.evaluate(async () => {
      await (await navigator.serviceWorker.getRegistration())?.unregister()
      const frame = document.createElement('iframe')
      frame.src = '/blank.html'
      await new Promise(resolve => {
        frame.onload = resolve
        document.body.append(frame)
      })
      const inside = frame.contentWindow as Window & typeof globalThis
      // What the form in the page is about to send, or the user is made to type in.
      const body = JSON.stringify({ username: 'ada', password: ['love', 'lace'].join('') })
      const headers = { 'Content-Type': 'application/json' }
      const tokens = await (await inside.fetch('/auth/login', { method: 'POST', headers, body })).json()
      const headersOfItsOwn = { Authorization: `Bearer ${tokens.access_token}` }
      return {
        isControlled: inside.navigator.serviceWorker.controller !== null,
        isJwt: tokens.access_token.startsWith('eyJ') && tokens.refresh_token.startsWith('eyJ'),
        status: (await inside.fetch('/api/me', { headers: headersOfItsOwn })).status,
      }
    })
    expect(found).toEqual({ isControlled: false, isJwt: true, status: 200 })
  })

  it('acts as the user by a plain fetch, with no token in its hands', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    await logIn(page)
    expect(await get(page, '/api/me')).toBe(200)
  })
})

it('a page sees no secret, whatever it does and whatever fails (R35, H17)', async () => {
  scene = await Scene.open(browser, {
    beforeRefresh: () => {
      if (isDown) throw Object.assign(new Error('down'), { status: 429 })
    },
  })
  let isDown = false
  const page = await scene.tab()
  const seen: string[] = []
  const note = async (work: () => Promise<unknown>) => {
    seen.push(JSON.stringify(await page.evaluate(work)))
  }
  const tryAll = async () => {
    const told: unknown[] = []
    const tell = async (response: Response) => {
      told.push(response.status, response.url, [...response.headers], await response.text())
    }
    const fail = (error: Error) => {
      told.push(String(error), error.stack, error.cause && String(error.cause), JSON.stringify(error))
    }
    const calls: (() => Promise<unknown>)[] = [
      () => fetch('/api/me').then(tell),
      () =>
        fetch('/api/echo', { method: 'POST', body: '{"a":', headers: { 'Content-Type': 'application/json' } }).then(
          tell,
        ),
      () => fetch('/api/missing').then(tell),
      () =>
        fetch('/auth/login', { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } }).then(
          tell,
        ),
      () => fetch('/api/me', { headers: { Authorization: 'Bearer refresh-worker-access-token' } }).then(tell),
      () => fetch('/api/me', { signal: AbortSignal.abort() }).then(tell),
      () => fetch('/api/me', { mode: 'no-cors' }).then(tell),
      () => window.auth.updateToken().then(state => told.push(state)),
      () => window.auth.getAccessToken().then(token => told.push(token)),
      () => window.auth.inspect().then(report => told.push(report)),
    ]
    for (const call of calls) await call().catch(fail)
    return told
  }

  await note(tryAll)
  seen.push(JSON.stringify(await logIn(page)))
  await note(tryAll)
  scene.demo.expireAccessTokens()
  await note(tryAll)
  isDown = true
  scene.demo.expireAccessTokens()
  await note(tryAll)
  isDown = false
  await note(tryAll)
  await note(() => window.auth.logout())
  await note(tryAll)

  expect(seen.filter(text => SECRETS.test(text))).toEqual([])
  // It has seen what there is to see.
  expect(seen.join()).toMatch(/Ada Lovelace/)
  expect(seen.join()).toMatch(/refresh_unavailable/)
  // Messages, storage, the document, the console and the log are looked through as after every test.
})

describe('V10: a URLPattern, as the browser has it', () => {
  const patterned = (init: string) =>
    workerOf(`apiUrls: [new URLPattern(${init})], loginUrl: '/auth/login', useRefreshToken: true`)

  it("without an origin means the worker's own", async () => {
    scene = await Scene.open(browser, { files: { '/sw.js': patterned("{ pathname: '/api/*' }") } })
    const evil = await openSite((request, response) =>
      response
        .writeHead(200, { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*' })
        .end(String(request.headers.authorization)),
    )
    const page = await scene.tab()
    await logIn(page)
    expect(await get(page, '/api/me')).toBe(200)
    expect(await page.evaluate(async url => (await fetch(url)).text(), `${evil}/api/me`)).toBe('undefined')
  })

  it.each([
    "{ hostname: '*.*' }",
    "{ hostname: '(.+)' }",
    "{ hostname: '**' }",
    "{ hostname: '{*}?' }",
    "{ hostname: ':a.:b' }",
  ])('that takes any host is refused: %s', async init => {
    scene = await Scene.open(browser, { files: { '/sw.js': patterned(init) } })
    const page = await scene.tab('/test.html', { ready: false })
    expect(await page.evaluate(() => window.auth.ready.catch(({ code }) => code))).toBe('config_error')
  })

  it.each(["{ hostname: '*.example.com' }", "{ hostname: '{*.}?example.com' }", "{ hostname: 'localhost' }"])(
    'that names a domain is taken: %s',
    async init => {
      scene = await Scene.open(browser, { files: { '/sw.js': patterned(init) } })
      await scene.tab()
    },
  )
})
