import { fileURLToPath } from 'node:url'

/** Of the library, from where this is built to. */
export const WORKER = fileURLToPath(new URL('./sw.js', import.meta.url))
