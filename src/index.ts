export { type ErrorCode, RefreshWorkerError } from './errors.ts'
export type { AuthClient } from './page/auth-client.ts'
export type { AuthClientEventMap } from './page/auth-events.ts'
export type { InPageHost, LoadInPageHost } from './page/in-page.ts'
export type { InspectReport } from './page/inspect-report.ts'
export { type RegisterOptions, register } from './page/register.ts'
export {
  ACCESS_TOKEN_PLACEHOLDER,
  type AnonymousReason,
  type AnonymousState,
  type AuthenticatedState,
  type AuthState,
  type GivenTokens,
  ID_TOKEN_PLACEHOLDER,
  REFRESH_TOKEN_PLACEHOLDER,
  type RefreshReport,
  type WorkerReport,
} from './protocol.ts'
