// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RefreshWorkerError } from '../../../src/errors.ts'
import { holdRequests } from '../../../src/page/hold-requests.ts'

const settle = () => new Promise(resolve => setTimeout(resolve))

describe('V22: fetch, held', () => {
  const sent: Request[] = []
  const original = async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init)
    request.signal.throwIfAborted()
    sent.push(request)
    return new Response('answer')
  }
  beforeEach(() => {
    sent.length = 0
    vi.stubGlobal('fetch', original)
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  it('sends what is safe at once, and the rest when it is released, as it was at the call', async () => {
    const { release } = holdRequests()
    const body = new URLSearchParams({ user: 'ada' })
    const answer = fetch('https://app.example/login', { method: 'POST', body })
    const put = fetch(new Request('https://app.example/put', { method: 'PUT' }))
    body.set('user', 'grace')
    await fetch('https://app.example/get')
    await fetch(new Request('https://app.example/head', { method: 'HEAD' }))
    expect(sent.map(({ method }) => method)).toEqual(['GET', 'HEAD'])
    release()
    expect(await (await answer).text()).toBe('answer')
    await put
    expect(sent.map(({ method }) => method)).toEqual(['GET', 'HEAD', 'POST', 'PUT'])
    expect(await sent[2]?.text()).toBe('user=ada')
    expect(fetch).toBe(original)
  })

  it('rejects at once where its caller aborts, or gives what cannot be sent', async () => {
    const { release } = holdRequests()
    const aborter = new AbortController()
    const answer = fetch('https://app.example/login', { method: 'POST', signal: aborter.signal })
    aborter.abort()
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' })
    await expect(fetch('https://app.example/login', { method: 'TRACE' })).rejects.toThrow('TRACE')
    release()
    expect(sent).toEqual([])
  })

  it('is let go in words, which name what was sent without a worker, and no query', async () => {
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { letGo } = holdRequests()
    const aborter = new AbortController()
    const answer = fetch('https://app.example/login?code=secret', { method: 'post' })
    const gone = fetch('https://app.example/gone', { method: 'PUT', signal: aborter.signal })
    aborter.abort()
    await expect(gone).rejects.toMatchObject({ name: 'AbortError' })
    letGo(new RefreshWorkerError('worker_timeout', 'late'))
    await answer
    expect(sent).toHaveLength(1)
    expect(complaints.mock.calls).toEqual([
      [
        expect.objectContaining({
          code: 'worker_timeout',
          message: expect.stringMatching(/^POST \/login: sent without/),
        }),
      ],
    ])
    expect(fetch).toBe(original)
    complaints.mockClear()
    holdRequests().letGo(new RefreshWorkerError('worker_timeout', 'late'))
    expect(complaints).not.toHaveBeenCalled()
    complaints.mockRestore()
  })

  it('stays with whoever has wrapped it meanwhile, and holds nothing any more', async () => {
    const { release } = holdRequests()
    const ours = fetch
    const wrapped: typeof fetch = (...args) => ours(...args)
    globalThis.fetch = wrapped
    release()
    expect(fetch).toBe(wrapped)
    await fetch('https://app.example/login', { method: 'POST' })
    expect(sent).toHaveLength(1)
  })
})

describe('V22: XMLHttpRequest, held', () => {
  const calls: unknown[][] = []
  class FakeXhr extends EventTarget {
    open(...args: unknown[]) {
      calls.push(['open', ...args])
    }
    setRequestHeader(...args: unknown[]) {
      calls.push(['header', ...args])
    }
    send(...args: unknown[]) {
      calls.push(['send', ...args])
    }
    abort() {
      calls.push(['abort'])
    }
  }
  beforeEach(() => {
    calls.length = 0
    vi.stubGlobal('XMLHttpRequest', FakeXhr)
  })
  afterEach(() => vi.unstubAllGlobals())
  const opened = (method: string, ...rest: [isAsync: boolean] | []) => {
    const request = new XMLHttpRequest() as XMLHttpRequest & EventTarget
    request.open(method, '/login', ...(rest as [boolean]))
    request.setRequestHeader('Content-Type', 'text/plain')
    calls.length = 0
    return request
  }

  it('is opened again when it is sent, with its headers: Firefox decides then whether a worker sees it', async () => {
    const { send } = XMLHttpRequest.prototype
    const { release } = holdRequests()
    opened('POST').send('body')
    await settle()
    expect(calls).toEqual([])
    release()
    await settle()
    expect(calls).toEqual([
      ['open', 'POST', '/login'],
      ['header', 'Content-Type', 'text/plain'],
      ['send', 'body'],
    ])
    expect(XMLHttpRequest.prototype.send).toBe(send)
  })

  it.each([
    ['GET', []],
    ['POST', [false]],
  ] as [string, [boolean] | []][])('is not, where it only reads or its caller blocks: %s %o', (method, rest) => {
    const { release } = holdRequests()
    opened(method, ...rest).send(null)
    expect(calls).toEqual([['send', null]])
    release()
  })

  it('is never sent where it is aborted, and says so as the browser does', async () => {
    const { release } = holdRequests()
    const request = opened('POST')
    const events: string[] = []
    for (const type of ['abort', 'loadend']) request.addEventListener(type, () => events.push(type))
    request.send()
    request.abort()
    expect(events).toEqual(['abort', 'loadend'])
    release()
    await settle()
    expect(calls).toEqual([['abort']])
  })

  it('is sent once where it is opened anew meanwhile', async () => {
    const { release } = holdRequests()
    const request = opened('POST')
    request.send('first')
    request.open('PUT', '/second')
    request.send('second')
    calls.length = 0
    release()
    await settle()
    expect(calls.map(([name, first]) => [name, first])).toEqual([
      ['open', 'PUT'],
      ['send', 'second'],
    ])
  })
})
