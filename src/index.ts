export type { AuthClient, InspectReport } from './auth-client.ts'
export type { AuthClientEventMap } from './auth-events.ts'
export { type ErrorCode, RefreshWorkerError } from './errors.ts'
export {
  ACCESS_TOKEN_PLACEHOLDER,
  type AnonymousReason,
  type AuthenticatedState,
  type AuthState,
  ID_TOKEN_PLACEHOLDER,
  REFRESH_TOKEN_PLACEHOLDER,
  type RefreshReport,
  type WorkerReport,
} from './protocol.ts'
export { register } from './register.ts'
