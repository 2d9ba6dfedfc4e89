import type { UrlPredicate } from '../options/options.ts'
import type { Log } from '../ports.ts'

/**
 * Makes what asks an application's predicate. One that throws has said no, and is warned of once, by the name of what it
 * was given to.
 */
export function createAsk(name: string, log: Log): (predicate: UrlPredicate, url: URL, request: Request) => boolean {
  let hasWarned = false
  return (predicate, url, request) => {
    try {
      // A URL of its own, for it to do with as it likes.
      return predicate(new URL(url), request) === true
    } catch (error) {
      const kind = error instanceof Error ? error.name : typeof error
      if (!hasWarned) log('warn', `a predicate in ${name} has thrown (${kind}), which is taken for a no`)
      hasWarned = true
      return false
    }
  }
}
