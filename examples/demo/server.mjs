import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'

const HELP = `Many tabs, one refresh: the demo of refresh-worker.

  npm start -- [options]

  --port      where to listen on localhost                     (8020)
              the two other kinds of session are at the next two ports
  --lifetime  of an access token, in seconds                   (30)
  --latency   added to the token endpoint, in milliseconds     (300)
  --store     memory or sqlite: sessions are kept there, by refresh-worker/server
  --cookie    keeps the refresh token in an HttpOnly cookie
  --memory    keeps tokens in the worker's memory, and nowhere at rest
  --help      this text
`

const args = readArgs()
if (args.help) {
  process.stdout.write(HELP)
  process.exit()
}
const port = number('port', 0, 65_533)
const lifetime = number('lifetime', 1, 86_400)
const latency = number('latency', 0, 60_000)

const missing = ['index.js', 'express.js', 'server.js', 'refresh-worker.dev.js'].find(
  name => !existsSync(new URL(`../../dist/${name}`, import.meta.url)),
)
if (missing) fail(`dist/${missing} is missing: run "npm run build" first.`)

// Only now: it imports what the build makes
const { createDemo } = await import('./app.mjs')
try {
  const store = await storeOf(args.store)
  const { cookie, memory } = args
  // Each of an origin of its own: a worker, once there, has all pages of its origin
  const kinds = []
  for (const [index, kind] of ['bearer', 'cookies', 'page'].entries()) {
    const options = kind === 'bearer' ? { cookie, memory, store } : {}
    const demo = createDemo({ ...options, lifetime, latency, kind, kinds: () => kinds })
    kinds.push({ kind, url: await demo.listen(port && port + index) })
  }
  console.log(`${kinds[0].url}/`)
  console.log('Log in as ada (password lovelace) or grace (password hopper).')
} catch (error) {
  if (error.code === 'EADDRINUSE') {
    fail(`Port ${error.port} is in use. Stop what listens there, or let a free one be found: npm start -- --port 0`)
  }
  if (error.code === 'EACCES') fail(`Port ${error.port} is not allowed here. Take another: npm start -- --port 8020`)
  throw error
}

function readArgs() {
  const text = value => ({ type: 'string', default: value })
  const flag = { type: 'boolean', default: false }
  const numbers = { port: text('8020'), lifetime: text('30'), latency: text('300') }
  const options = { ...numbers, store: { type: 'string' }, cookie: flag, memory: flag, help: flag }
  try {
    return parseArgs({ options }).values
  } catch (error) {
    return fail(`${error.message}\n\n${HELP}`)
  }
}

async function storeOf(name) {
  if (name === undefined) return undefined
  const { memoryStore, sqliteStore } = await import('refresh-worker/server')
  if (name === 'memory') return memoryStore()
  if (name !== 'sqlite') return fail(`--store takes memory or sqlite, not "${name}".`)
  const sqlite = await import('node:sqlite').catch(() => fail('--store sqlite takes Node 22.13 or newer.'))
  return sqliteStore(new sqlite.DatabaseSync('demo.sqlite'))
}

function number(name, min, max) {
  const value = Number(args[name])
  if (/^\d+$/.test(args[name]) && value >= min && value <= max) return value
  return fail(`--${name} takes a whole number from ${min} to ${max}, not "${args[name]}".`)
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
