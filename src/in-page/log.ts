import type { Log } from '../core/ports.ts'
import { isDevelopment } from '../core/trace.ts'

const write: Log = (level, message) => {
  // biome-ignore lint/suspicious/noConsole: this is the logger.
  if (level === 'warn' || isDevelopment) console[level](`refresh-worker: ${message}`)
}

const group: Log['group'] = (title, lines) => {
  const { groupCollapsed, debug, groupEnd } = console
  groupCollapsed(`refresh-worker: ${title}`)
  for (const line of lines) debug(line)
  groupEnd()
}

/** The real port of that name: in production, only warnings are worth a line. */
export const log: Log = isDevelopment ? Object.assign(write, { group }) : write
