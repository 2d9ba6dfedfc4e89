import { describe, expect, it } from 'vitest'
import { keepForReplay, sendable } from '../../../../src/core/http/body.ts'
import { ORIGIN } from '../../kit.ts'

const post = (body: BodyInit, init: RequestInit = {}) =>
  new Request(`${ORIGIN}/api/x`, { method: 'POST', body, headers: { 'Content-Type': 'text/x' }, ...init })

const REFERRER = { referrer: '', referrerPolicy: 'unsafe-url' } as const

describe('G10: a body', () => {
  it('that fits is there once more when it has been sent, with its headers', async () => {
    const { request, again } = keepForReplay(post('12345678'), 8)
    expect(await request.text()).toBe('12345678')
    const copy = await again()
    expect(copy?.headers.get('Content-Type')).toBe('text/x')
    expect(copy?.method).toBe('POST')
    expect(await copy?.text()).toBe('12345678')
    expect(await (await again())?.text()).toBe('12345678')
  })

  it('that does not fit is sent, and not kept', async () => {
    const { request, again } = keepForReplay(post('123456789'), 8)
    expect(await request.text()).toBe('123456789')
    expect(await again()).toBeNull()
  })

  it('that does not fit is read no further than that by us', async () => {
    let pulled = 0
    const endless = new ReadableStream<Uint8Array>(
      {
        pull: controller => {
          pulled++
          controller.enqueue(new Uint8Array(1_000))
        },
      },
      { highWaterMark: 0 },
    )
    const { again } = keepForReplay(post(endless, { duplex: 'half' } as RequestInit), 5_000)
    expect(await again()).toBeNull()
    expect(pulled).toBeLessThan(10)
  })

  it('is not even looked at where none is to be kept', async () => {
    const request = post('12345678')
    const replay = keepForReplay(request, 0)
    expect(replay.request).toBe(request)
    expect(await request.text()).toBe('12345678')
    expect(await replay.again()).toBeNull()
  })

  it('that breaks off is not kept', async () => {
    const broken = new ReadableStream({ pull: controller => controller.error(new TypeError('gone')) })
    const { again } = keepForReplay(post(broken, { duplex: 'half' } as RequestInit), 8)
    expect(await again()).toBeNull()
  })

  it('that is sent again names the referrer of the page', async () => {
    const { referrer, referrerPolicy } = REFERRER
    const { request, again } = keepForReplay(post('x', REFERRER), 8)
    await request.text()
    expect(await again()).toMatchObject({ referrer, referrerPolicy })
  })

  it('of a request that has none is not copied', async () => {
    const request = new Request(`${ORIGIN}/api/x`)
    const replay = keepForReplay(request, 0)
    expect(replay.request).toBe(request)
    expect(await replay.again()).toBe(request)
    const empty = keepForReplay(new Request(`${ORIGIN}/api/x`, { method: 'DELETE' }), 0)
    expect((await empty.again())?.method).toBe('DELETE')
  })
})

describe('what is sent on', () => {
  it('is the request itself', async () => {
    const request = post('x')
    expect(await sendable(request)).toBe(request)
    const get = new Request(ORIGIN, { keepalive: true })
    expect(await sendable(get)).toBe(get)
  })

  it('is one with a body of bytes where it is to outlive its page, which WebKit sends as no stream', async () => {
    const sent = await sendable(post('bytes', { keepalive: true }))
    expect(sent.keepalive).toBe(true)
    expect(sent.headers.get('Content-Type')).toBe('text/x')
    expect(await sent.text()).toBe('bytes')
  })

  it('names the referrer of the page, and not the worker', async () => {
    const { referrer, referrerPolicy } = REFERRER
    expect(await sendable(post('bytes', { keepalive: true, ...REFERRER }))).toMatchObject({ referrer, referrerPolicy })
  })
})
