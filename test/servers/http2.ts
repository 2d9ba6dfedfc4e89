/**
 * An application over HTTP/2, without which no browser sends a body in a stream: it takes an upload, and tells when its
 * first chunk has come. Its certificate is made on the spot.
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse, type Http2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const LIBRARY = fileURLToPath(new URL('../../dist/refresh-worker.dev.js', import.meta.url))

export interface UploadApp {
  readonly origin: string
  /** What has come so far: whether with a token, and the body. */
  readonly uploads: readonly (readonly [isAuthorized: boolean, body: string])[]
  close(): void
}

/** Null where there is no `openssl` to make a certificate with. */
export async function openUploadApp(worker: string, accessToken: string): Promise<UploadApp | null> {
  const identity = selfSigned()
  if (!identity) return null
  const uploads: [boolean, string][] = []
  let isUnderWay = false
  const waiting: Http2ServerResponse[] = []

  const upload = async (req: Http2ServerRequest, res: Http2ServerResponse) => {
    const chunks: string[] = []
    for await (const chunk of req) {
      chunks.push(String(chunk))
      isUnderWay = true
      for (const other of waiting.splice(0)) other.end()
    }
    isUnderWay = false
    uploads.push([req.headers.authorization !== undefined, chunks.join('')])
    res.end('received')
  }
  const send = (res: Http2ServerResponse, type: string, body: string | Buffer) => {
    res.setHeader('Content-Type', type)
    res.end(body)
  }
  const server = createSecureServer(identity, (req, res) => {
    switch (req.url) {
      case '/api/upload':
        upload(req, res).catch(() => res.stream.close())
        return
      // Answered once the first chunk of an upload is there.
      case '/arrived':
        if (isUnderWay) res.end()
        else waiting.push(res)
        return
      case '/auth/login':
        return send(res, 'application/json', JSON.stringify({ access_token: accessToken, expires_in: 3_600 }))
      case '/refresh-worker.js':
        return send(res, 'text/javascript', readFileSync(LIBRARY))
      case '/sw.js':
        return send(res, 'text/javascript', worker)
      default:
        return send(res, 'text/html', '<!doctype html><link rel="icon" href="data:,">')
    }
  })

  const sessions = new Set<Http2Session>()
  server.on('session', session => sessions.add(session))
  server.listen(0, 'localhost')
  await once(server, 'listening')
  return {
    origin: `https://localhost:${(server.address() as AddressInfo).port}`,
    uploads,
    close: () => {
      for (const session of sessions) session.destroy()
      server.close()
    },
  }
}

function selfSigned(): { key: Buffer; cert: Buffer } | null {
  const folder = mkdtempSync(join(tmpdir(), 'refresh-worker-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  try {
    execFileSync('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } catch {
    return null
  } finally {
    rmSync(folder, { recursive: true })
  }
}
