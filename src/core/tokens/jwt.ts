import { jwtDecode } from 'jwt-decode'

/** The payload of a JWT, or its header, as a hint: nothing here verifies it. Null for any other token. */
export function decodeJwt(token: string, header = false): Record<string, unknown> | null {
  try {
    const part: unknown = jwtDecode<unknown>(token, { header })
    return typeof part === 'object' && part !== null && !Array.isArray(part) ? (part as Record<string, unknown>) : null
  } catch {
    return null
  }
}
