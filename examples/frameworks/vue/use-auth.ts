import type { AuthState } from 'refresh-worker'
import { onScopeDispose, type ShallowRef, shallowReadonly, shallowRef } from 'vue'
import { auth } from '../auth.ts'

export function useAuth(): Readonly<ShallowRef<AuthState>> {
  const state = shallowRef(auth.getSnapshot())
  onScopeDispose(
    auth.subscribe(next => {
      state.value = next
    }),
  )
  return shallowReadonly(state)
}
