import { RefreshWorkerError } from '../errors.ts'

/** For what happens while nobody awaits anything. */
export function complain(error: Error) {
  // biome-ignore lint/suspicious/noConsole: this is what it is for.
  console.error(error)
}

/** Whatever was thrown, with a code of ours: pages compare codes. It may be of another script's class of that name. */
export function coded(error: unknown): RefreshWorkerError {
  const { code, name, message } = Object(error) as RefreshWorkerError
  if (typeof code === 'string') return error as RefreshWorkerError
  return new RefreshWorkerError('unsupported', `this browser lets the page have no worker (${name}: ${message})`, {
    cause: error,
  })
}
