import { DPOP } from '../core/features.ts'
import type { Es256 } from '../core/ports.ts'

/** The real port of that name: WebCrypto, whose signatures are as JOSE wants them. A build without DPoP has no need of those. */
export const es256 = {
  sha256: text => crypto.subtle.digest('SHA-256', encode(text)),
  ...(DPOP
    ? {
        generate: () => crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']),
        isKeyPair: (value): value is CryptoKeyPair => {
          const { privateKey, publicKey } = (value ?? {}) as Partial<Record<keyof CryptoKeyPair, unknown>>
          return (
            privateKey instanceof CryptoKey &&
            publicKey instanceof CryptoKey &&
            privateKey.usages.includes('sign') &&
            publicKey.type === 'public' &&
            publicKey.extractable &&
            isP256(privateKey) &&
            isP256(publicKey)
          )
        },
        publicJwk: async ({ publicKey }) => {
          const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey)
          return { kty, crv, x, y } as JsonWebKey
        },
        sign: ({ privateKey }, text) =>
          crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, encode(text)),
      }
    : {}),
} as Es256

function encode(text: string) {
  return new TextEncoder().encode(text)
}

function isP256({ algorithm }: CryptoKey): boolean {
  return algorithm.name === 'ECDSA' && (algorithm as { namedCurve?: string }).namedCurve === 'P-256'
}
