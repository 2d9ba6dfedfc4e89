/**
 * The cases of a test suite that this project did not write: those of whatwg-fetch (github.com/JakeChampion/fetch,
 * test/test.js) that are about requests to a server, by the names that they have there. What is done in each is told in
 * our words; what is expected is what the same page gets without a worker.
 */
import { type Case, get, look, nameOf } from './at.ts'

type Run = Case['run']

const ROW = 'The requests of the whatwg-fetch test suite'

/** How a body can be read. */
const READERS = ['text', 'blob', 'arrayBuffer', 'formData', 'json'] as const

async function plain(value: unknown): Promise<unknown> {
  if (value instanceof Blob) return [value.type, value.size, ...new Uint8Array(await value.arrayBuffer())]
  if (value instanceof ArrayBuffer) return [...new Uint8Array(value)]
  if (value instanceof FormData) return [...value]
  return value
}

const read =
  (reader: (typeof READERS)[number], query: Readonly<Record<string, string>>): Run =>
  async at => {
    const response = await fetch(at.url('answer', query))
    return plain(await response[reader]().catch(nameOf))
  }

const readTwice =
  (reader: (typeof READERS)[number]): Run =>
  async at => {
    const response = await fetch(at.url('answer', { type: 'application/json', text: '{"a":1}' }))
    const before = response.bodyUsed
    const first = response.text()
    const after = response.bodyUsed
    const second = await response[reader]().catch(nameOf)
    return [before, await first, after, second]
  }

const send =
  (method: string, body?: () => BodyInit): Run =>
  at =>
    get(at.url('echo'), { method, ...(body && { body: body() }) })

const text = 'name=Hubot'
const bytes = () => new TextEncoder().encode(text)

const form = { type: 'application/x-www-form-urlencoded', text: 'number=1&space=one+two&empty=&encoded=a%2Bb' }
const binary = { text: Array.from({ length: 128 }, (_, i) => String.fromCharCode(i)).join('') }
const utf8 = { text: 'hello', type: 'text/plain; charset=utf-8' }
const utf16 = { text: 'h\0e\0l\0l\0o\0', type: 'text/plain; charset=utf-16le' }
const json = { text: '{"name":"Hubot","login":"hubot"}', type: 'application/json' }

/** Sets a cookie in one mode, and sees in another what was kept. */
const cookie =
  (setting?: RequestCredentials, sending?: RequestCredentials): Run =>
  async at => {
    const init = (credentials?: RequestCredentials): RequestInit => (credentials ? { credentials } : {})
    await fetch(at.url('cookie', { set: 'foo=reset' }), { credentials: 'same-origin' })
    await fetch(at.url('cookie', { set: 'foo=bar' }), init(setting))
    return get(at.url('answer'), init(sending))
  }

const aborted =
  (wrap: (url: string, signal: AbortSignal) => Promise<Response>): Run =>
  async at =>
    wrap(at.url('echo'), AbortSignal.abort()).then(look, nameOf)

const abortedLater =
  (wrap: (url: string, signal: AbortSignal) => Promise<Response>, requests = 1): Run =>
  async at => {
    const controller = new AbortController()
    const answers = Array.from({ length: requests }, () => wrap(at.url('silent'), controller.signal).then(look, nameOf))
    await at.arrived(requests)
    controller.abort()
    const seen = await Promise.all(answers)
    await at.open('answer')
    return seen
  }

// Else two to the same URL would go one after the other, through the cache.
const byUrl = (url: string, signal: AbortSignal) => fetch(url, { signal, cache: 'no-store' })
const byRequest = (url: string, signal: AbortSignal) => fetch(new Request(url, { signal }))

const CASES_BY_NAME: Readonly<Record<string, Run>> = {
  'resolves promise on 500 error': at => get(at.url('answer', { status: 500, text: 'boom' })),
  'rejects promise for network error': at => get(at.url('reset')),
  'rejects when Request constructor throws': at => get(at.url('echo'), { method: 'GET', body: 'invalid' }),

  'Request › sends request headers': at =>
    get(at.url('echo'), { headers: { Accept: 'application/json', 'X-Test': '42' } }),
  'Request › fetch request': at => {
    const request = new Request(at.url('echo'), { headers: { Accept: 'application/json', 'X-Test': '42' } })
    return fetch(request).then(look)
  },
  'Request › sends ArrayBuffer body': send('post', () => bytes().buffer),
  'Request › sends DataView body': send('post', () => new DataView(bytes().buffer)),
  'Request › sends TypedArray body': send('post', bytes),
  'Request › sends URLSearchParams body': send('post', () => new URLSearchParams({ a: '1', b: '2' })),
  'Request › construct with Request': async at => {
    const first = new Request(at.url('echo'), { method: 'post', body: 'I work out', headers: { 'X-Test': '42' } })
    return [await fetch(new Request(first)).then(look), await first.text().catch(nameOf)]
  },
  'Request › construct with Request and override headers': at => {
    const first = new Request(at.url('echo'), {
      method: 'post',
      body: 'I work out',
      headers: { 'X-Request-ID': '123' },
    })
    return fetch(new Request(first, { headers: { 'X-Test': '42' } })).then(look)
  },
  'Request › construct with Request and override body': at => {
    const first = new Request(at.url('echo'), { method: 'post', body: 'I work out' })
    const init = { body: '{"wiggles": 5}', headers: { 'Content-Type': 'application/json' } }
    return fetch(new Request(first, init)).then(look)
  },
  'Request › GET should not have implicit Content-Type': send('get'),
  'Request › POST with blank body should not have implicit Content-Type': send('post'),
  'Request › construct with string body sets Content-Type header': send('post', () => 'I work out'),
  'Request › construct with Blob body and type sets Content-Type header': send(
    'post',
    () => new Blob(['test'], { type: 'image/png' }),
  ),
  'Request › construct with body and explicit header uses header': at =>
    get(at.url('echo'), { method: 'post', headers: { 'Content-Type': 'image/png' }, body: 'I work out' }),
  'Request › clone request': async at => {
    const request = new Request(at.url('echo'), { method: 'post', body: 'I work out' })
    const copy = request.clone()
    return [await fetch(request).then(look), await fetch(copy).then(look)]
  },

  'Response › populates response body': at => get(at.url('answer', { text: 'hi' })),
  'Response › parses response headers': at =>
    get(at.url('answer', { header: ['Date: Mon, 13 Oct 2014 21:02:27 GMT'], type: 'text/html; charset=utf-8' })),
  'Response › clone blob response': async at => {
    const response = await fetch(at.url('answer', binary))
    return Promise.all([response.clone(), response].map(async one => plain(await one.arrayBuffer())))
  },

  'Body mixin › arrayBuffer › resolves arrayBuffer promise': read('arrayBuffer', { text: 'hi' }),
  'Body mixin › arrayBuffer › arrayBuffer handles binary data': read('arrayBuffer', binary),
  'Body mixin › arrayBuffer › arrayBuffer handles utf-8 data': read('arrayBuffer', utf8),
  'Body mixin › arrayBuffer › arrayBuffer handles utf-16le data': read('arrayBuffer', utf16),
  'Body mixin › arrayBuffer › rejects arrayBuffer promise after body is consumed': readTwice('arrayBuffer'),
  'Body mixin › blob › resolves blob promise': read('blob', { text: 'hi' }),
  'Body mixin › blob › blob handles binary data': read('blob', binary),
  'Body mixin › blob › blob handles utf-8 data': read('blob', utf8),
  'Body mixin › blob › blob handles utf-16le data': read('blob', utf16),
  'Body mixin › blob › rejects blob promise after body is consumed': readTwice('blob'),
  'Body mixin › formData › post sets content-type header': send('post', () => new FormData()),
  'Body mixin › formData › rejects formData promise after body is consumed': readTwice('formData'),
  'Body mixin › formData › parses form encoded response': read('formData', form),
  'Body mixin › json › parses json response': read('json', json),
  'Body mixin › json › rejects json promise after body is consumed': readTwice('json'),
  'Body mixin › json › handles json parse error': read('json', { ...json, text: 'not json {' }),
  'Body mixin › text › handles 204 No Content response': at => get(at.url('answer', { status: 204 })),
  'Body mixin › text › resolves text promise': read('text', { text: 'hi' }),
  'Body mixin › text › rejects text promise after body is consumed': readTwice('text'),

  'Methods › supports HTTP GET': send('get'),
  'Methods › supports HTTP POST': send('post', () => text),
  'Methods › supports HTTP PUT': send('put', () => text),
  'Methods › supports HTTP PATCH': send('PATCH', () => text),
  'Methods › supports HTTP DELETE': send('delete'),

  ...Object.fromEntries(
    [301, 302, 303, 307, 308].map(status => [
      `Atomic HTTP redirect handling › handles ${status} redirect response`,
      (at => get(at.url('redirect', { status, to: 'answer?text=hi' }))) satisfies Run,
    ]),
  ),

  'credentials mode › omit › does not accept cookies with implicit omit credentials': cookie(undefined, 'same-origin'),
  'credentials mode › omit › does not accept cookies with omit credentials': cookie('omit', 'same-origin'),
  'credentials mode › omit › does not send cookies with implicit omit credentials': cookie('same-origin'),
  'credentials mode › omit › does not send cookies with omit credentials': cookie('same-origin', 'omit'),
  'credentials mode › same-origin › send cookies with same-origin credentials': cookie('same-origin', 'same-origin'),
  'credentials mode › include › send cookies with include credentials': cookie('include', 'include'),

  'aborting › initially aborted signal': aborted(byUrl),
  'aborting › initially aborted signal within Request': aborted(byRequest),
  'aborting › mid-request': abortedLater(byUrl),
  'aborting › mid-request within Request': abortedLater(byRequest),
  'aborting › abort multiple with same signal': abortedLater(byUrl, 2),
}

export const FETCH_SUITE: readonly Case[] = Object.entries(CASES_BY_NAME).map(([name, run]) => ({
  row: ROW,
  name,
  // How often a browser tries again is its own affair.
  isLoose: name === 'rejects promise for network error',
  run,
}))
