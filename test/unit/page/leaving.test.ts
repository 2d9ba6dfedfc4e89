// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { tellOfLeaving } from '../../../src/page/leaving.ts'

type Listener = (event: { readonly destination: { readonly url: string } }) => void

/** What the worker is told where a script has the page go to `url`. */
async function told(url: string, scope: string | undefined, isControlled = true) {
  const listeners: Listener[] = []
  vi.stubGlobal('navigation', { addEventListener: (_: string, listener: Listener) => listeners.push(listener) })
  vi.stubGlobal('location', { origin: 'https://app.example' })
  const controller = isControlled ? { scriptURL: 'https://app.example/sw.js' } : null
  vi.stubGlobal('navigator', { serviceWorker: { controller } })
  const ask = vi.fn(async () => ({}) as never)
  tellOfLeaving(ask, () => scope)
  for (const listener of listeners) listener({ destination: { url } })
  return ask.mock.calls.map(([question]: readonly unknown[]) => question)
}

describe('a page that a script has go elsewhere', () => {
  afterEach(() => vi.unstubAllGlobals())

  it.each([
    ['to another origin', 'https://id.example/logout?id_token_hint=x', 'https://app.example/'],
    ["on its origin, out of the worker's scope", 'https://app.example/logout?hint=x#y', 'https://app.example/app/'],
    ['to a sibling of its scope', 'https://app.example/app2/logout', 'https://app.example/app/'],
    ['to an origin that begins alike', 'https://app.example.evil/logout', 'https://app.example/'],
  ])('tells the worker of it, which sees nothing of that: %s', async (_, url, scope) => {
    const { origin, pathname } = new URL(url)
    expect(await told(url, scope)).toEqual([{ type: 'leaving', url: origin + pathname }])
  })

  it('says nothing of what the worker sees itself', async () => {
    expect(await told('https://app.example/app/logout', 'https://app.example/app/')).toEqual([])
    expect(await told('https://app.example/logout', undefined)).toEqual([])
  })

  it('tells a page that keeps the session itself of everything', async () => {
    expect(await told('https://app.example/app/logout', 'https://app.example/app/', false)).toHaveLength(1)
  })
})
