// The site, and nothing behind it: the tests answer for the API.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript' }
const LIBRARY = new URL('.', import.meta.resolve('refresh-worker'))

createServer(async ({ url = '/' }, response) => {
  const { pathname } = new URL(url, 'http://localhost')
  const [, inLibrary] = /^\/refresh-worker\/(.+)/.exec(pathname) ?? []
  const file = inLibrary
    ? new URL(inLibrary, LIBRARY)
    : new URL(`app${pathname === '/' ? '/index.html' : pathname}`, import.meta.url)
  const body = await readFile(fileURLToPath(file)).catch(() => null)
  response.writeHead(body ? 200 : 404, { 'Content-Type': TYPES[extname(file.pathname)] ?? 'text/plain' })
  response.end(body)
}).listen(Number(process.env.PORT), 'localhost')
