import { logger } from 'workbox-core/_private/logger.js'
import type { Log } from '../src/core/ports.ts'
import { isDevelopment } from '../src/core/trace.ts'

const write: Log = (level, message) => {
  // Workbox's logger in development builds; in production there is none, and only warnings are worth a line.
  if (logger) logger[level](`refresh-worker: ${message}`)
  // biome-ignore lint/suspicious/noConsole: this is the logger.
  else if (level === 'warn') console.warn(`refresh-worker: ${message}`)
}

const group: Log['group'] = (title, lines) => {
  logger.groupCollapsed(`refresh-worker: ${title}`)
  for (const line of lines) logger.log(line)
  logger.groupEnd()
}

/** The real port of that name. */
export const log: Log = isDevelopment ? Object.assign(write, { group }) : write
