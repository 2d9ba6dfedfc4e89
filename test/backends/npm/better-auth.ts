/** Better Auth with its JWT plugin: the session is a cookie, which brings tokens for the API beside it. */
import type { RequestListener } from 'node:http'
import { betterAuth as createAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { type Backend, post } from '../backend.ts'
import { listen } from '../imitation.ts'

const ADA = { email: 'ada@example.org', password: 'lovelace-and-more' }

export const betterAuth: Backend = {
  title: 'Better Auth 1, JWT plugin',
  source: 'npm',
  setup: "{ ...RefreshWorker.presets.betterAuth(), apiUrls: ['/orders/'] }",
  login: post('/api/auth/sign-in/email', ADA),
  api: { url: '/orders/mine' },
  isRefresh: ({ url }) => url === '/api/auth/token',
  isLogout: ({ url }) => url === '/api/auth/sign-out',
  open: async origin => {
    const records: Record<string, unknown[]> = { user: [], session: [], account: [], verification: [], jwks: [] }
    const auth = createAuth({
      baseURL: origin,
      secret: 'of these tests, and of nothing else, long enough',
      database: memoryAdapter(records),
      emailAndPassword: { enabled: true },
      plugins: [jwt()],
      rateLimit: { enabled: false },
      telemetry: { enabled: false },
      logger: { disabled: true },
    })
    await auth.api.signUpEmail({ body: { ...ADA, name: 'ada' } })
    const server = await listen(toNodeHandler(auth) as RequestListener)
    const keys = createRemoteJWKSet(new URL('/api/auth/jwks', server.url))
    const userOf = async (token: string) => String((await jwtVerify(token, keys)).payload.name)
    return { ...server, userOf, refuse: () => records.session?.splice(0) }
  },
}
