export type {
  FoundTokens,
  LogoutNeeds,
  LogoutRequestHook,
  ReadTokensHook,
  RefreshNeeds,
  RefreshRequestHook,
  ResponseTest,
} from '../src/core/options/hooks.ts'
export type { Options, TokenGetter, UrlPredicate, UrlTest } from '../src/core/options/options.ts'
export { ConfigError, type ErrorCode, RefreshWorkerError } from '../src/errors.ts'
export type { AuthorizedApi } from './caches/authorized-api.ts'
export { type ApiStrategy, registerApiRoute } from './caches/register-api-route.ts'
export { setup } from './setup.ts'
