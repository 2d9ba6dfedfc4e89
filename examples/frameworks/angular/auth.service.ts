import { DestroyRef, Injectable, inject, signal } from '@angular/core'
import { auth } from '../auth.ts'

@Injectable({ providedIn: 'root' })
export class AuthService {
  readonly #state = signal(auth.getSnapshot())
  readonly state = this.#state.asReadonly()

  constructor() {
    inject(DestroyRef).onDestroy(auth.subscribe(state => this.#state.set(state)))
  }

  updateToken() {
    return auth.updateToken()
  }

  logout() {
    return auth.logout()
  }
}
