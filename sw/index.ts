export { ConfigError, type ErrorCode, RefreshWorkerError } from '../src/errors.ts'
export type { Options, TokenGetter, UrlPredicate, UrlTest } from './config.ts'
export { setup } from './setup.ts'
