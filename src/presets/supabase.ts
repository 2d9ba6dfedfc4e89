import type { Preset } from './preset.ts'

export interface SupabaseOptions {
  /** The project's publishable (anon) key. */
  readonly apikey: string
}

/**
 * Supabase Auth (GoTrue); `baseUrl` is the project's URL.
 * @see https://supabase.com/docs/reference/self-hosting-auth/introduction
 */
export function supabase({ apikey }: SupabaseOptions): Preset {
  const grant = (type: string) => `/auth/v1/token?grant_type=${type}`
  return {
    loginUrl: ['password', 'pkce', 'id_token'].map(grant).concat('/auth/v1/verify'),
    signupUrl: '/auth/v1/signup',
    refreshTokenUrl: grant('refresh_token'),
    // With the scope `others` this session goes on.
    logoutUrl: ['global', 'local'].map(scope => `/auth/v1/logout?scope=${scope}`),
    logoutRequest: () => ({ headers: { apikey } }),
    useRefreshToken: true,
    defaultHeadersForTokenRequests: { 'Content-Type': 'application/json', apikey },
  }
}
