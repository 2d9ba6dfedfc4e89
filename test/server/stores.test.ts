/** Every store against its own database: PostgreSQL, Redis, SQLite, memory; and two server processes on one. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ensurePackages } from '../../scripts/packages.mjs'
import {
  createAuthServer,
  memoryStore,
  POSTGRES_SCHEMA,
  postgresStore,
  redisStore,
  type SessionStore,
  type StoredSession,
  sqliteStore,
} from '../../src/server/index.ts'
import { type Database, openPostgres, openRedis, type Postgres } from './databases.ts'

let postgres: Postgres | null
let redis: Database | null
const ends: (() => unknown)[] = []

beforeAll(async () => {
  await ensurePackages('test/server')
  postgres = await openPostgres()
  redis = await openRedis()
  ends.push(
    () => postgres?.stop(),
    () => redis?.stop(),
  )
}, 120_000)
afterAll(async () => {
  for (const end of ends.reverse()) await end()
})

const now = () => Math.floor(Date.now() / 1000)
const sessionOf = (id: string, rest: Partial<StoredSession> = {}): StoredSession => ({
  id,
  sub: 'ada',
  counter: 0,
  key: null,
  rotatedAt: now(),
  authTime: now(),
  expiresAt: now() + 100,
  claims: { roles: ['user'], name: 'Ada "Countess" Lovelace' },
  ...rest,
})

/** A store, or null where its database is not to be had. */
const STORES: Readonly<Record<string, () => Promise<SessionStore | null>>> = {
  memory: async () => memoryStore(),
  sqlite: async () => {
    const { default: sqlite } = await import('./node_modules/node-sqlite3-wasm/dist/node-sqlite3-wasm.js' as string)
    const database = new sqlite.Database()
    return sqliteStore({
      exec: sql => database.exec(sql),
      prepare: sql => ({
        get: (...values) => database.get(sql, values),
        run: (...values) => database.run(sql, values),
      }),
    })
  },
  postgres: async () => {
    if (!postgres) return null
    const { default: pg } = await import('./node_modules/pg/lib/index.js' as string)
    const pool = new pg.Pool({ host: postgres.where, user: 'postgres' })
    // Without a listener, pg ends the process when it loses a connection.
    pool.on('error', () => undefined)
    ends.push(() => pool.end())
    // Such as a migration that is run twice.
    await pool.query(POSTGRES_SCHEMA)
    await pool.query(POSTGRES_SCHEMA)
    return postgresStore(pool)
  },
  'redis, by node-redis': async () => {
    if (!redis) return null
    const { createClient } = await import('./node_modules/redis/dist/index.js' as string)
    const client = createClient({ socket: { path: redis.where } })
    await client.connect()
    ends.push(() => client.close())
    return redisStore(args => client.sendCommand(args), 'one')
  },
  'redis, by ioredis': async () => {
    if (!redis) return null
    const { default: Redis } = await import('./node_modules/ioredis/built/index.js' as string)
    const client = new Redis({ path: redis.where })
    ends.push(() => client.disconnect())
    return redisStore(([name, ...args]) => client.call(name, ...args), 'two')
  },
}

describe.each(Object.entries(STORES))('%s', (_, open) => {
  let store: SessionStore
  let isHere = false
  beforeAll(async () => {
    const opened = await open()
    isHere = opened !== null
    if (opened) store = opened
  })
  beforeEach(({ skip }) => skip(!isHere, 'its database is not here'))

  it('keeps a session as it is, and replaces it once', async () => {
    const session = sessionOf('first-session')
    expect(await store.read(session.id)).toBeNull()
    expect(await store.swap(session.id, null, session)).toBe(true)
    expect(await store.swap(session.id, null, session)).toBe(false)
    expect(await store.read(session.id)).toEqual(session)
    const next = { ...session, counter: 1, key: 'a-hash', expiresAt: session.expiresAt + 1 }
    expect(await store.swap(session.id, 1, next)).toBe(false)
    expect(await store.swap(session.id, 0, next)).toBe(true)
    expect(await store.swap(session.id, 0, next)).toBe(false)
    expect(await store.read(session.id)).toEqual(next)
    expect(await store.swap(session.id, 0, null)).toBe(false)
    expect(await store.swap(session.id, 1, null)).toBe(true)
    expect(await store.swap(session.id, 1, null)).toBe(false)
    expect(await store.read(session.id)).toBeNull()
  })

  it('has one of fifty that want to be the next (Z5)', async () => {
    const session = sessionOf('contended-session')
    await store.swap(session.id, null, session)
    const swapped = await Promise.all(
      Array.from({ length: 50 }, (_, n) => store.swap(session.id, 0, { ...session, counter: 1, key: `key ${n}` })),
    )
    expect(swapped.filter(Boolean)).toHaveLength(1)
    expect((await store.read(session.id))?.key).toBe(`key ${swapped.indexOf(true)}`)
  })

  it('ends all sessions of a user, and of nobody else (Z9)', async () => {
    const [one, two, other] = [
      sessionOf('of-mary-1', { sub: "mary's" }),
      sessionOf('of-mary-2', { sub: "mary's" }),
      sessionOf('of-grace', { sub: 'grace' }),
    ]
    for (const session of [one, two, other]) await store.swap(session.id, null, session)
    await store.endAll("mary's")
    await store.endAll('nobody')
    expect(await Promise.all([one, two, other].map(({ id }) => store.read(id)))).toEqual([null, null, other])
  })

  it('forgets what has expired', async () => {
    const session = sessionOf('expired-session', { expiresAt: now() - 1 })
    await store.swap(session.id, null, session)
    expect(await store.read(session.id)).toBeNull()
  })
})

describe.each(['postgres', 'redis'] as const)('two server processes on one %s', kind => {
  const processes: ChildProcess[] = []
  const origins: string[] = []
  const start = async () => {
    const { where = '' } = (kind === 'postgres' ? postgres : redis) ?? {}
    const child = spawn(process.execPath, ['test/server/process.mjs', kind, where], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    processes.push(child)
    const [port] = await once(createInterface(child.stdout), 'line')
    return `http://127.0.0.1:${port}`
  }
  beforeAll(async () => {
    if (kind === 'postgres' ? postgres : redis) origins.push(await start(), await start())
  })
  beforeEach(({ skip }) => skip(origins.length === 0, 'its database is not here'))
  afterAll(() => {
    for (const child of processes) child.kill('SIGKILL')
  })

  const post = (n: number, path: string, body: object, headers: Record<string, string> = {}) =>
    fetch(`${origins[n % origins.length]}/auth/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  const logIn = async (): Promise<string> => (await (await post(0, 'login', { name: 'ada' })).json()).refresh_token
  const refresh = (n: number, refresh_token: string, key?: string) =>
    post(n, 'refresh', { refresh_token }, key ? { 'Idempotency-Key': key } : {})

  it('give one successor to fifty refreshes at once with one token (Z5)', async () => {
    const token = await logIn()
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => refresh(n, token)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 401]))
  })

  it('give all fifty the same where they come by one name (Z1, Z5)', async () => {
    const token = await logIn()
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => refresh(n, token, 'the-same-name')))
    const tokens = await Promise.all(answers.map(answer => answer.json()))
    expect(new Set(tokens.map(({ refresh_token }) => refresh_token)).size).toBe(1)
    expect((await refresh(1, tokens[0].refresh_token)).status).toBe(200)
  })

  it('issue nothing that is not stored, where one is killed in the middle (Z6)', async () => {
    const tokens = await Promise.all(Array.from({ length: 100 }, logIn))
    const answers = tokens.map((token, n) =>
      refresh(1, token, `refresh-${n}`).then(
        async answer => (await answer.json()).refresh_token as string,
        () => null,
      ),
    )
    await Promise.race(answers)
    processes[1]?.kill('SIGKILL')
    const issued = await Promise.all(answers)
    expect(issued).toContain(null)
    // What was issued is good, and what was not, is asked for again.
    const again = await Promise.all(
      tokens.map((token, n) => (issued[n] ? refresh(0, issued[n]) : refresh(0, token, `refresh-${n}`))),
    )
    expect(again.map(({ status }) => status)).toEqual(tokens.map(() => 200))
    origins.pop()
  })
})

it('a PostgreSQL that crashes answers 503, and ends no session (Z10)', async ({ skip }) => {
  skip(!postgres, 'its database is not here')
  const { default: pg } = await import('./node_modules/pg/lib/index.js' as string)
  const pool = new pg.Pool({ host: postgres?.where, user: 'postgres' })
  ends.push(() => pool.end())
  // Without a listener, pg ends the process when it loses a connection.
  pool.on('error', () => undefined)
  await pool.query(POSTGRES_SCHEMA)
  const errors: unknown[] = []
  const server = createAuthServer({
    keys: [{ kid: 'one', secret: 'k'.repeat(32) }],
    refreshTokenSecret: 'r'.repeat(32),
    store: postgresStore(pool),
    authenticate: () => ({ sub: 'ada' }),
    onStoreError: error => errors.push(error),
  })
  const post = (body: object) => {
    const headers = { 'Content-Type': 'application/json' }
    return new Request('https://app.example/auth', { method: 'POST', headers, body: JSON.stringify(body) })
  }
  const { refresh_token } = await (await server.login(post({}))).json()
  postgres?.crash()
  const answers = [await server.refresh(post({ refresh_token })), await server.login(post({}))]
  postgres?.start()
  expect(answers.map(({ status }) => status)).toEqual([503, 503])
  expect(errors).toHaveLength(2)
  expect((await server.refresh(post({ refresh_token }))).status).toBe(200)
})
