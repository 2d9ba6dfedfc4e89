/** A token endpoint on an origin of its own that fails as it is told to, and else hands every request on to a real one. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

/** Answers a request, or does not. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => void

const answer =
  (status: number, headers: Record<string, string> = {}, body = ''): Fault =>
  (_, response) =>
    response.writeHead(status, { ...CORS, ...headers }).end(body)

const JSON_TYPE = { 'Content-Type': 'application/json' }
const HTML_TYPE = { 'Content-Type': 'text/html' }

/** What a page of another origin needs to post JSON with a token. */
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Headers': 'authorization, content-type',
  'Access-Control-Expose-Headers': 'Retry-After',
  // On a connection that was used before, Chromium takes a reset for one that came too late, and sends once more.
  Connection: 'close',
}

/** By name, faults that are nobody's last word on a refresh token. */
export const FAULTS = {
  'hangs (B1)': () => undefined,
  'sends headers and hangs (B1)': (_, response) =>
    response.writeHead(200, { ...CORS, ...JSON_TYPE }).write('{"access_token":'),
  'resets the connection (B5)': request => request.socket.resetAndDestroy(),
  'resets the connection in the middle of its answer (B5)': (request, response) => {
    response.writeHead(200, { ...CORS, ...JSON_TYPE, 'Content-Length': '999' })
    response.write('{"access_token":', () => request.socket.resetAndDestroy())
  },
  'closes the connection in the middle of its answer (A4)': (request, response) => {
    response.writeHead(200, { ...CORS, ...JSON_TYPE })
    response.write('{"access_token":', () => request.socket.end())
  },
  'answers half of the JSON (A4)': answer(200, JSON_TYPE, '{"access_token":"abc'),
  'answers 200 in HTML (A2)': answer(200, HTML_TYPE, '<!doctype html><p>Sorry'),
  'answers 204 (A3)': answer(204),
  'answers 500 (B3)': answer(500, JSON_TYPE, '{"error":"server_error"}'),
  'answers 502 in HTML (B3)': answer(502, HTML_TYPE, '<!doctype html><p>Bad Gateway'),
  'answers 503 with Retry-After (B3)': answer(503, { 'Retry-After': '2' }),
  'answers 429 with Retry-After (B4)': answer(429, { 'Retry-After': '2' }),
  'answers 404 (B11)': answer(404, HTML_TYPE, '<!doctype html><p>Not found'),
  'redirects (B6)': answer(307, { Location: '/elsewhere' }),
  'does not allow the origin (B7)': (_, response) => response.writeHead(200, JSON_TYPE).end('{}'),
} satisfies Record<string, Fault>

export interface FaultServer {
  readonly tokenUrl: string
  /** What refresh requests get; null: what the real token endpoint answers. */
  fault: Fault | null
  /** The real one. */
  target: string
  /** The requests that have arrived, preflights left out: what for, and when (milliseconds since the epoch). */
  readonly requests: readonly { readonly line: string; readonly at: number }[]
  /** Ends at once, live connections included. */
  close(): Promise<void>
}

export async function openFaultServer(): Promise<FaultServer> {
  const requests: { line: string; at: number }[] = []
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.method === 'OPTIONS') return response.writeHead(204, CORS).end()
    requests.push({ line: `${request.method} ${request.url}`, at: Date.now() })
    if (faults.fault) return faults.fault(request, response)
    const { authorization = '', 'content-type': type = '' } = request.headers
    const body = JSON.stringify(await json(request))
    const headers = { Authorization: authorization, 'Content-Type': type }
    const real = await fetch(faults.target, { method: 'POST', headers, body })
    return response
      .writeHead(real.status, { ...CORS, 'Content-Type': real.headers.get('Content-Type') ?? '' })
      .end(await real.text())
  }
  const server = createServer((request, response) => void handle(request, response))
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
  const faults: FaultServer = {
    tokenUrl: `http://localhost:${(server.address() as AddressInfo).port}/token`,
    fault: null,
    target: '',
    requests,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return faults
}
