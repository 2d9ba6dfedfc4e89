import { bodyOf, type Preset, token } from './preset.ts'

/** The URLs of Firebase's servers, or of its emulator. */
export interface FirebaseOptions {
  /** The web API key of the project. */
  readonly apiKey: string
  /** Of the emulator: `http://localhost:9099/identitytoolkit.googleapis.com`. */
  readonly authUrl?: string
  /** Of the emulator: `http://localhost:9099/securetoken.googleapis.com`. */
  readonly tokenUrl?: string
}

/**
 * Firebase Authentication, by its REST API. Your API gets the ID token.
 * @see https://firebase.google.com/docs/reference/rest/auth
 */
export function firebase({
  apiKey,
  authUrl = 'https://identitytoolkit.googleapis.com',
  tokenUrl = 'https://securetoken.googleapis.com',
}: FirebaseOptions): Preset {
  const key = `?key=${encodeURIComponent(apiKey)}`
  const signIn = (way: string) => `${authUrl}/v1/accounts:signInWith${way}${key}`
  return {
    loginUrl: [
      ...['Password', 'CustomToken', 'Idp', 'EmailLink', 'PhoneNumber'].map(signIn),
      `${authUrl}/v2/accounts/mfaSignIn:finalize${key}`,
    ],
    signupUrl: `${authUrl}/v1/accounts:signUp${key}`,
    refreshTokenUrl: `${tokenUrl}/v1/token${key}`,
    // The token is a field there.
    tokensInBodies: [
      'v1/accounts:lookup',
      'v1/accounts:update',
      'v1/accounts:delete',
      'v1/accounts:sendOobCode',
      'v2/accounts',
    ].map(path => `${authUrl}/${path}`),
    defaultHeadersForTokenRequests: { 'Content-Type': 'application/x-www-form-urlencoded' },
    useRefreshToken: true,
    // A login writes its names in one way, a refresh in another.
    readTokens: async response => {
      const body = await bodyOf(response)
      const accessToken = token(body, 'idToken') ?? token(body, 'id_token')
      return accessToken === null
        ? null
        : {
            accessToken,
            refreshToken: token(body, 'refreshToken') ?? token(body, 'refresh_token'),
            expiresIn: token(body, 'expiresIn') ?? token(body, 'expires_in'),
          }
    },
  }
}
