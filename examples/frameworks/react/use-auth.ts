import { useSyncExternalStore } from 'react'
import type { AuthState } from 'refresh-worker'
import { auth } from '../auth.ts'

export function useAuth(): AuthState {
  return useSyncExternalStore(auth.subscribe, auth.getSnapshot, auth.getServerSnapshot)
}
