import type { Options } from '../core/options/options.ts'

/** The options of `setup()` for one server. Spread them into yours, before your own. */
export type Preset = Readonly<Partial<Options>>

/** A JSON body as an object; an empty one where it is something else. */
export async function bodyOf(response: Response): Promise<Record<string, unknown>> {
  const body: unknown = await response.json().catch(() => null)
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
}

/** A member as a token; null where it is none. */
export function token(body: unknown, name: string): string | null {
  const value = (body as Record<string, unknown> | null | undefined)?.[name]
  return typeof value === 'string' ? value : null
}

/** The init of a request that sends JSON. */
export function json(body: object, headers: Readonly<Record<string, string>> = {}): RequestInit {
  return { headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) }
}

/** The credentials of a header, without their scheme. */
export function bearerIn(response: Response, name = 'Authorization'): string | null {
  return response.headers.get(name)?.replace(/^Bearer /i, '') ?? null
}
