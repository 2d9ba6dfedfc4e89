// angular-auth-oidc-client with refresh tokens and its interceptor.
import '@angular/compiler'
import { HttpClient, provideHttpClient, withInterceptors } from '@angular/common/http'
import { provideZonelessChangeDetection } from '@angular/core'
import { createApplication } from '@angular/platform-browser'
import { provideRouter } from '@angular/router'
import {
  AbstractSecurityStorage,
  authInterceptor,
  DefaultLocalStorageService,
  OidcSecurityService,
  provideAuth,
} from 'angular-auth-oidc-client'
import { firstValueFrom, map } from 'rxjs'

const url = path => `${location.origin}${path}`
const { injector } = await createApplication({
  providers: [
    provideZonelessChangeDetection(),
    provideRouter([]),
    provideHttpClient(withInterceptors([authInterceptor()])),
    provideAuth({
      config: {
        authority: url('/oidc'),
        redirectUrl: url('/app.html'),
        postLogoutRedirectUri: url('/app.html'),
        clientId: 'web',
        scope: 'openid profile offline_access',
        responseType: 'code',
        silentRenew: true,
        useRefreshToken: true,
        autoUserInfo: false,
        // A refresh that is not due brings the id token of the login, with its nonce.
        ignoreNonceAfterRefresh: true,
        triggerAuthorizationResultEvent: true,
        secureRoutes: ['/api/'],
      },
    }),
    { provide: AbstractSecurityStorage, useClass: DefaultLocalStorageService },
  ],
})
const oidc = injector.get(OidcSecurityService)
const http = injector.get(HttpClient)

export const started = () => firstValueFrom(oidc.checkAuth())
export const logIn = async () => oidc.authorize()
export const claims = () => firstValueFrom(oidc.getPayloadFromAccessToken())

export const call = () => firstValueFrom(http.get('/api/me'))

export const renew = () =>
  firstValueFrom(oidc.forceRefreshSession().pipe(map(({ isAuthenticated }) => isAuthenticated)))

export const logOut = async () => oidc.logoff().subscribe()
export const isLoggedIn = () => firstValueFrom(oidc.isAuthenticated())
