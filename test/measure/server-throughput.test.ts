/** How many refreshes and verifications a second `refresh-worker/server` does, to what jose alone takes: npm run measure:server */
import { jwtVerify, SignJWT } from 'jose'
import { it } from 'vitest'
import { ensurePackages } from '../../scripts/packages.mjs'
import {
  createAuthServer,
  memoryStore,
  POSTGRES_SCHEMA,
  postgresStore,
  redisStore,
  type SessionStore,
} from '../../src/server/index.ts'
import { openPostgres, openRedis } from '../server/databases.ts'

const ROUNDS = 7
const COUNT = 400
/** As many requests are under way at once. */
const AT_ONCE = 16

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number

/** Calls a second. */
async function rateOf(work: (n: number) => Promise<unknown>): Promise<number> {
  let n = 0
  const began = performance.now()
  const worker = async () => {
    while (n < COUNT) await work(n++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return (COUNT * 1000) / (performance.now() - began)
}

it('prints a table', { timeout: 300_000 }, async () => {
  await ensurePackages('test/server')
  const secret = new TextEncoder().encode('k'.repeat(32))
  const ends: (() => unknown)[] = []
  const stores: Record<string, SessionStore> = { memory: memoryStore() }
  const postgres = await openPostgres()
  if (postgres) {
    const { default: pg } = await import('../server/node_modules/pg/lib/index.js' as string)
    const pool = new pg.Pool({ host: postgres.where, user: 'postgres', max: AT_ONCE })
    await pool.query(POSTGRES_SCHEMA)
    stores.PostgreSQL = postgresStore(pool)
    ends.push(
      () => pool.end(),
      () => postgres.stop(),
    )
  }
  const redis = await openRedis()
  if (redis) {
    const { createClient } = await import('../server/node_modules/redis/dist/index.js' as string)
    const client = createClient({ socket: { path: redis.where } })
    await client.connect()
    stores.Redis = redisStore(args => client.sendCommand(args))
    ends.push(
      () => client.close(),
      () => redis.stop(),
    )
  }

  const claims = { sub: 'ada', sid: 'a-session', roles: ['user'] }
  const sign = () =>
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' }).setExpirationTime('15m').sign(secret)
  const token = await sign()
  const works: Record<string, (n: number) => Promise<unknown>> = {
    'jose alone: sign': sign,
    'jose alone: verify': () => jwtVerify(token, secret, { typ: 'at+jwt' }),
  }
  for (const [name, store] of Object.entries(stores)) {
    const auth = createAuthServer({
      keys: [{ kid: 'one', secret }],
      refreshTokenSecret: 'r'.repeat(32),
      store,
      authenticate: () => ({ sub: 'ada', roles: ['user'] }),
    })
    const post = (body: object) =>
      new Request('https://app.example/auth', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      })
    const tokens: string[] = []
    let access = ''
    for (let n = 0; n < COUNT; n++) {
      const answer = await (await auth.login(post({}))).json()
      tokens.push(answer.refresh_token)
      access = answer.access_token
    }
    works[`refresh, ${name}`] = async n => {
      const answer = await auth.refresh(post({ refresh_token: tokens[n] }))
      tokens[n] = (await answer.json()).refresh_token
    }
    if (name === 'memory')
      works.verify = () =>
        auth.verify(new Request('https://app.example/api', { headers: { Authorization: `Bearer ${access}` } }))
  }
  const rates = new Map(Object.keys(works).map(name => [name, [] as number[]]))
  for (let round = 0; round <= ROUNDS; round++)
    for (const [name, work] of Object.entries(works)) {
      const rate = await rateOf(work)
      if (round > 0) rates.get(name)?.push(rate)
    }
  const of = (name: string) => rates.get(name) as number[]
  const both = of('jose alone: sign').map(
    (rate, round) => 1 / (1 / rate + 1 / (of('jose alone: verify')[round] as number)),
  )
  console.table(
    Object.fromEntries(
      [...rates].map(([name, values]) => [
        name,
        {
          'a second': Math.round(median(values)),
          'to jose’s sign and verify': Number(
            median(values.map((rate, round) => rate / (both[round] as number))).toFixed(2),
          ),
        },
      ]),
    ),
  )
  for (const end of ends) await end()
})
