/**
 * Settles as `work` does, or rejects with the signal's reason. WebKit may forget a time limit that only a request knows
 * of, and then waits for ever.
 */
export function limited<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  ])
}
