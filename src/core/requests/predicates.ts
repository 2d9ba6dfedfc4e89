import type { NoteFailure } from '../hooks/ask-hook.ts'
import type { UrlPredicate } from '../options/options.ts'
import type { Log } from '../ports.ts'

/** Asks an application's predicate, which decides at once. */
type Ask = (predicate: UrlPredicate, url: URL, request: Request) => boolean

/**
 * Makes what asks the predicates of an option. One that throws, or returns something else than a boolean, has said no; one
 * that returns a promise has not decided, and `ifPromise` does. Each is noted.
 */
export function createAsk(name: string, note: NoteFailure, ifPromise: (url: URL) => boolean = () => false): Ask {
  return (predicate, url, request) => {
    const says = (what: string, answer: boolean): boolean => {
      note(name, `a predicate in ${name} has ${what}, which is taken for a ${answer ? 'yes' : 'no'}`)
      return answer
    }
    try {
      // A URL of its own, for it to do with as it likes.
      const answer: unknown = predicate(new URL(url), request)
      if (typeof answer === 'boolean' || !answer) return answer === true
      if (!(answer instanceof Promise)) return says(`returned what it may not (${typeof answer})`, false)
      answer.catch(() => undefined)
      return says('returned a promise', ifPromise(url))
    } catch (error) {
      return says(`thrown (${error instanceof Error ? error.name : typeof error})`, false)
    }
  }
}

/** Where there is no report that could name it. */
export function warnOnce(log: Log): NoteFailure {
  const told = new Set<string>()
  return (_, problem) => {
    if (!told.has(problem)) log('warn', problem)
    told.add(problem)
  }
}
