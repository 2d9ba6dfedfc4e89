/** Known to everybody: any process or page that has this module takes what another one has issued. */
const SECRET = 'refresh-worker/testing: what is signed with this is worth nothing'

/** Keeps an access token from passing as a refresh token. */
export type FakeTokenType = 'at+jwt' | 'rt+jwt'

/** @see RFC 7519 */
export async function signFakeToken(type: FakeTokenType, claims: object): Promise<string> {
  const signed = [{ alg: 'HS256', typ: type }, claims].map(part => encode(bytesOf(JSON.stringify(part)))).join('.')
  const signature = await crypto.subtle.sign('HMAC', await importKey(), bytesOf(signed))
  return `${signed}.${encode(new Uint8Array(signature))}`
}

/** The claims of a token of this type; null where it is none, or was signed by somebody else. */
export async function readFakeToken(type: FakeTokenType, token: unknown): Promise<Record<string, unknown> | null> {
  const [header = '', payload = '', signature = '', ...rest] = String(token).split('.')
  if (rest.length > 0) return null
  try {
    const signed = bytesOf(`${header}.${payload}`)
    const isOurs = await crypto.subtle.verify('HMAC', await importKey(), decode(signature), signed)
    return isOurs && parse(header).typ === type ? parse(payload) : null
  } catch {
    return null
  }
}

function importKey(): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', bytesOf(SECRET), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
}

/** Made here, since jsdom under Jest has no TextEncoder, and takes `fakeAuth` alone. */
function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

function parse(part: string): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(decode(part)))
}

function encode(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

function decode(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), char => char.charCodeAt(0))
}
