import { Component, inject } from '@angular/core'
import { logIn } from '../auth.ts'
import { AuthService } from './auth.service.ts'

@Component({
  selector: 'app-login',
  template: `
    @let state = auth.state();
    @switch (state.status) {
      @case ('unknown') {
        <p>One moment…</p>
      }
      @case ('unsupported') {
        <p>This browser has no service worker.</p>
      }
      @case ('anonymous') {
        <form #form (submit)="$event.preventDefault(); logIn(form)">
          <input name="username" aria-label="User name" autocomplete="username" />
          <input name="password" aria-label="Password" type="password" autocomplete="current-password" />
          <button>Log in</button>
        </form>
      }
      @case ('authenticated') {
        <p>
          {{ state.claims['name'] }}, token {{ state.generation }}
          <button type="button" (click)="auth.updateToken()">Refresh</button>
          <button type="button" (click)="auth.logout()">Log out</button>
        </p>
      }
    }
  `,
})
export class Login {
  protected readonly auth = inject(AuthService)
  protected readonly logIn = logIn
}
