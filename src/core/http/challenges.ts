/** What a 401 asks for. */
export interface Challenge {
  /** In lower case; empty where the server names none. */
  readonly scheme: string
  /** Empty where there is none. */
  readonly error: string
}

/** Schemes that browsers and proxies have credentials of their own for. */
const OTHERS: ReadonlySet<string> = new Set(['basic', 'digest', 'negotiate', 'ntlm'])

/** RFC 9110 §11.6.1: a list of challenges, and a list of parameters in each, between the same commas. */
export function challengesOf(headers: Headers): readonly Challenge[] {
  const found: { scheme: string; error: string }[] = []
  const parts = (headers.get('WWW-Authenticate') ?? '').matchAll(
    /(^|,|\s)\s*([^\s,="]+)(?:\s*=\s*("(?:[^"\\]|\\.)*"?|[^\s,"]*))?/g,
  )
  for (const [, before, name = '', value] of parts) {
    // What follows a scheme after a space, without a value, is its token68.
    const isScheme = value === undefined && before !== ' '
    if (isScheme || found.length === 0) found.push({ scheme: isScheme ? name.toLowerCase() : '', error: '' })
    const last = found.at(-1)
    if (last && value !== undefined && /^error$/i.test(name)) last.error = value.replace(/["']/g, '')
  }
  return found
}

/** Whether there are challenges, and none of them is for a token. */
export function isForOthers(challenges: readonly Challenge[]): boolean {
  return challenges.length > 0 && challenges.every(({ scheme }) => OTHERS.has(scheme))
}
