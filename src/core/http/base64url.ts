/** @see RFC 4648 §5, without padding */
export function base64url(bytes: ArrayBuffer | Uint8Array): string {
  const characters = Array.from(new Uint8Array(bytes), byte => String.fromCharCode(byte))
  return btoa(characters.join('')).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
}
