// A server process of its own on a shared store: prints its port. `node process.mjs postgres|redis <where>`
import { createServer } from 'node:http'
import pg from 'pg'
import { createClient } from 'redis'
import { createAuthServer, nodeHandler, postgresStore, redisStore } from '../../dist/server.js'

const [kind, where] = process.argv.slice(2)

async function storeOf() {
  if (kind === 'postgres') return postgresStore(new pg.Pool({ host: where, user: 'postgres', max: 10 }))
  const client = createClient({ socket: { path: where } })
  await client.connect()
  return redisStore(args => client.sendCommand(args))
}

const auth = createAuthServer({
  keys: [{ kid: 'one', secret: 'k'.repeat(32) }],
  refreshTokenSecret: 'r'.repeat(32),
  store: await storeOf(),
  authenticate: ({ name }) => ({ sub: String(name) }),
})
const handlers = {
  '/auth/login': auth.login,
  '/auth/refresh': auth.refresh,
  '/auth/logout-everywhere': auth.logoutEverywhere,
}
const server = createServer((request, response) =>
  nodeHandler(
    async asked => (await handlers[new URL(asked.url).pathname]?.(asked)) ?? new Response(null, { status: 404 }),
  )(request, response),
)
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
