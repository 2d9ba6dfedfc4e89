import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import {
  envelope,
  isKeepAlive,
  isWorkerBroadcast,
  isWorkerReply,
  own,
  type PageRequest,
  parsePageRequest,
} from '../../../src/protocol.ts'

/** The same runs every time, so that what turns red has been changed; others with FC_SEED. */
fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? 1) })
// Nobody's promise: a machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

const TYPES = ['state', 'update-token', 'logout', 'claim', 'inspect', 'keep-alive', 'access-token'] as const
const GUARDS = { isKeepAlive, isWorkerBroadcast, isWorkerReply }

/** All that structured cloning can deliver, and some that it cannot. */
const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
})

const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'toJSON']
const SECRETS = ['token', 'accessToken', 'refreshToken', 'url', 'apiUrls', 'loginUrl', 'clientId', 'state', 'reason']

/** A valid request to which something was done: fields added and replaced, `__proto__` as an own one among them. */
const tampered = fc
  .tuple(
    fc.constantFrom(...TYPES),
    fc.array(
      fc.tuple(fc.oneof(fc.constantFrom('ns', 'v', 'type', 'generation', ...NAMES, ...SECRETS), fc.string()), anything),
      { maxLength: 4 },
    ),
  )
  .map(([type, fields]) => {
    const message: object = envelope({ type })
    for (const [name, value] of fields)
      Object.defineProperty(message, name, { value, enumerable: true, configurable: true, writable: true })
    return message
  })

const isOf = (names: readonly unknown[], value: unknown) => names.includes(value)

/** What may be left of a message, told in other words than the parser's. */
function expected(data: unknown): object | null {
  const ownFields = new Map<string, unknown>(
    typeof data === 'object' && data !== null
      ? Object.getOwnPropertyNames(data).map(name => [name, Object.getOwnPropertyDescriptor(data, name)?.value])
      : [],
  )
  const type = ownFields.get('type')
  const generation = ownFields.get('generation')
  if (ownFields.get('ns') !== 'refresh-worker' || ownFields.get('v') !== 1 || !isOf(TYPES, type)) return null
  if (type !== 'update-token' || generation === undefined) return { ns: 'refresh-worker', v: 1, type }
  return Number.isFinite(generation) ? { ns: 'refresh-worker', v: 1, type, generation } : null
}

describe('parsePageRequest', () => {
  it('reads any message without throwing, and leaves of it only what it knows (H1–H5)', () => {
    let taken = 0
    fc.assert(
      fc.property(fc.oneof(anything, tampered), data => {
        const parsed = parsePageRequest(data)
        if (parsed) taken++
        expect(parsed).toEqual(expected(data))
        if (parsed) expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype)
      }),
      { numRuns: 5_000 },
    )
    expect(taken).toBeGreaterThan(100)
  })

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['NaN', Number.NaN],
    ['a bigint', 1n],
    ['a string of 10 MB', 'state'.repeat(2_097_152)],
    ['a list of a million', Array.from({ length: 1_000_000 }, () => 'state')],
    ['a typed array of 10 MB', new Uint8Array(10_485_760)],
    ['an ArrayBuffer', new ArrayBuffer(8)],
    ['a Map that says it is one', new Map(Object.entries(envelope({ type: 'state' })))],
    ['a Set', new Set(['refresh-worker', 1, 'state'])],
    ['an Error', new Error('state')],
    ['a RegExp', /state/],
    ['a Blob', new Blob(['{"ns":"refresh-worker","v":1,"type":"state"}'])],
    ['JSON', JSON.stringify(envelope({ type: 'state' }))],
    ['boxed values', { ns: Object('refresh-worker'), v: Object(1), type: Object('state') }],
  ])('refuses %s (H1)', (_, data) => {
    expect(parsePageRequest(data)).toBeNull()
  })

  it.each([...NAMES, '', 'State', 'state ', ' state', 'state\0', 'SKIP_WAITING', 'CACHE_URLS', 'action', 'ping'])(
    'knows no type %j (H2, H3)',
    type => {
      expect(parsePageRequest({ ...envelope({ type: 'state' }), type })).toBeNull()
    },
  )

  it.each([['state'], { toString: () => 'state' }, { valueOf: () => 'state' }, Object('state'), Symbol('state')])(
    'takes nothing that could be made a type for one (H2)',
    type => {
      expect(parsePageRequest({ ...envelope({ type: 'state' }), type })).toBeNull()
    },
  )

  it.each([0, 2, -1, 1.1, '1', true, [1], null, Number.NaN, 1n, { valueOf: () => 1 }])(
    'knows no other version: %s (H3)',
    v => {
      expect(parsePageRequest({ ns: 'refresh-worker', v, type: 'state' })).toBeNull()
    },
  )

  it.each([
    'set-token',
    'login',
    'config',
    'setup',
    'get-token',
    'refresh-token',
    'tokens',
    'set-url',
    'init',
    'clear',
  ])('has nothing that sets or reads: %s (H4)', type => {
    expect(parsePageRequest({ ...envelope({ type: 'state' }), type, token: 'x', url: '/' })).toBeNull()
  })

  it('has no way to ask for a refresh token, and no field but one that a page may fill in (H4, H5)', () => {
    const extra = Object.fromEntries([...SECRETS, ...NAMES].map(name => [name, 'x']))
    for (const type of TYPES) {
      const parsed = parsePageRequest({ ...extra, ...envelope({ type }), generation: 7 }) as PageRequest
      expect(Object.keys(parsed)).toEqual(['ns', 'v', 'type', ...(type === 'update-token' ? ['generation'] : [])])
    }
  })

  it('takes an own __proto__ for nothing, and lends no prototype from it (H2, H14)', () => {
    const text = '{"ns":"refresh-worker","v":1,"type":"update-token","__proto__":{"generation":9,"polluted":true}}'
    const parsed = parsePageRequest(JSON.parse(text))
    expect(parsed).toEqual({ ns: 'refresh-worker', v: 1, type: 'update-token' })
    expect(parsed).not.toHaveProperty('polluted')
    expect(parsePageRequest(JSON.parse('{"__proto__":{"ns":"refresh-worker","v":1,"type":"state"}}'))).toBeNull()
    expect({}).not.toHaveProperty('polluted')
  })

  it('takes nothing that is inherited, though every object inherits it (H14)', () => {
    const polluted = { ns: 'refresh-worker', v: 1, type: 'access-token', generation: 9 }
    Object.assign(Object.prototype, polluted)
    try {
      for (const data of [{}, [], { ns: 'refresh-worker' }, { ns: 'refresh-worker', v: 1 }, new Date()])
        expect(parsePageRequest(data)).toBeNull()
      const parsed = parsePageRequest({ ns: 'refresh-worker', v: 1, type: 'update-token' })
      expect(Object.hasOwn(parsed as object, 'generation')).toBe(false)
    } finally {
      for (const name of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, name)
    }
  })

  it('is not held up by a message that refers to itself, or is a thousand deep (H1)', () => {
    const cyclic: Record<string, unknown> = { ...envelope({ type: 'update-token' }) }
    cyclic.generation = cyclic
    expect(parsePageRequest(cyclic)).toBeNull()
    let deep: unknown = 1
    for (let n = 0; n < 1_000; n++) deep = { generation: deep }
    expect(parsePageRequest({ ...envelope({ type: 'update-token' }), generation: deep })).toBeNull()
    expect(parsePageRequest({ ...envelope({ type: 'state' }), deep })).toEqual(envelope({ type: 'state' }))
  })
})

describe.each(Object.entries(GUARDS))('%s', (_, guard) => {
  it('takes nothing without the own envelope of this version (H1–H3, H9)', () => {
    fc.assert(
      fc.property(fc.oneof(anything, tampered), data => {
        const isOurs = own(data, 'ns') === 'refresh-worker' && own(data, 'v') === 1 && own(data, 'type') !== undefined
        if (guard(data)) expect(isOurs).toBe(true)
        expect(guard(Object.create(data === undefined ? null : Object(data)))).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })
})

it('own reads what a value has itself, of any value (R32)', () => {
  fc.assert(
    fc.property(anything, fc.oneof(fc.constantFrom(...NAMES), fc.string()), (value, name) => {
      const has = typeof value === 'object' && value !== null && Object.getOwnPropertyNames(value).includes(name)
      expect(own(value, name)).toBe(has ? (value as Record<string, unknown>)[name] : undefined)
    }),
  )
})
