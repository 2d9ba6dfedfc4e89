import { base64url } from 'jose'

/**
 * Refresh tokens: the session, a counter, and an HMAC of both. What has no good HMAC costs no look into the store; and the
 * same successor can be made again for a repetition, without being stored.
 */
const encoder = new TextEncoder()

export interface RefreshTokens {
  readonly make: (id: string, counter: number) => Promise<string>
  /** Null: it is none of ours. */
  readonly read: (token: string) => Promise<{ readonly id: string; readonly counter: number } | null>
  /** For what is stored of a text that should not be. */
  readonly hash: (text: string) => Promise<string>
}

/** @param secret at least 32 bytes */
export function createRefreshTokens(secret: Uint8Array<ArrayBuffer>): RefreshTokens {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = crypto.subtle.importKey('raw', secret, algorithm, false, ['sign', 'verify'])
  const sign = async (text: string) =>
    base64url.encode(new Uint8Array(await crypto.subtle.sign('HMAC', await key, encoder.encode(text))))
  return {
    make: async (id, counter) => {
      const text = `${id}.${counter}`
      return `${text}.${await sign(`refresh ${text}`)}`
    },
    read: async token => {
      const [, id, digits, signature] = /^([\w-]{8,64})\.(\d{1,12})\.([\w-]{43})$/.exec(token) ?? []
      if (!id || !digits || !signature) return null
      const isGood = await crypto.subtle.verify(
        'HMAC',
        await key,
        new Uint8Array(base64url.decode(signature)),
        encoder.encode(`refresh ${id}.${digits}`),
      )
      return isGood ? { id, counter: Number(digits) } : null
    },
    hash: text => sign(`key ${text}`),
  }
}
