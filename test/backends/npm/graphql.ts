/** graphql-yoga: login, refresh and everything else at one URL, and a subscription by server-sent events. */
import { randomBytes } from 'node:crypto'
import { createGraphQLError, createSchema, createYoga } from 'graphql-yoga'
import { jwtVerify, SignJWT } from 'jose'
import { type Backend, post } from '../backend.ts'
import { listen } from '../imitation.ts'

const typeDefs = /* GraphQL */ `
  type Tokens {
    access: String!
    refresh: String!
  }
  type Query {
    me: String
  }
  type Mutation {
    login(name: String!, password: String!): Tokens
    refresh(token: String!): Tokens
  }
  type Subscription {
    ticks: Int!
  }
`

export const LOGIN = 'mutation Enter { login(name: "ada", password: "lovelace") { access refresh } }'

export const graphql: Backend = {
  title: 'GraphQL, graphql-yoga 5',
  source: 'npm',
  setup: `{
  apiUrls: ['/graphql'],
  loginUrl: '/graphql',
  loginOperations: ['login'],
  useRefreshToken: true,
  refreshRequest: ({ refreshToken }) => ({
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      query: 'mutation ($token: String!) { refresh(token: $token) { access refresh } }',
      variables: { token: refreshToken },
    }),
  }),
  readTokens: async response => {
    const { data } = await response.json().catch(() => ({}))
    const tokens = data?.login ?? data?.refresh
    return tokens ? { accessToken: tokens.access, refreshToken: tokens.refresh } : null
  },
  isUnauthorized: async response => {
    const { errors } = await response.json().catch(() => ({})) // a proxy's page is no JSON
    return errors?.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED') ?? false
  },
}`,
  login: post('/graphql', { query: LOGIN }),
  api: post('/graphql', { query: '{ me }' }),
  stream: post('/graphql', { query: 'subscription { ticks }' }, { Accept: 'text/event-stream' }),
  isRefresh: ({ method, body }) => method === 'POST' && body.includes('refresh(token: $token)'),
  open: async () => {
    const key = randomBytes(32)
    let isRefusing = false
    const sign = (type: string) =>
      new SignJWT({ sub: 'ada', type, jti: randomBytes(8).toString('hex') })
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuedAt()
        .setExpirationTime('600 s')
        .sign(key)
    const userOf = async (token: string, type: string): Promise<string> => {
      const verified = await jwtVerify(token, key).catch(() => null)
      if (isRefusing || verified?.payload.type !== type || !verified.payload.sub) throw unauthenticated()
      return verified.payload.sub
    }
    const unauthenticated = () => createGraphQLError('Log in first', { extensions: { code: 'UNAUTHENTICATED' } })
    const tokens = async () => ({ access: await sign('access'), refresh: await sign('refresh') })
    const yoga = createYoga<{ request: Request }>({
      logging: false,
      schema: createSchema({
        typeDefs,
        resolvers: {
          Query: {
            me: (_, __, { request }) =>
              userOf(request.headers.get('Authorization')?.replace(/^Bearer /, '') ?? '', 'access'),
          },
          Mutation: {
            login: (_, { name, password }) => (name === 'ada' && password === 'lovelace' ? tokens() : null),
            refresh: async (_, { token }) => {
              await userOf(token, 'refresh')
              return tokens()
            },
          },
          Subscription: {
            ticks: {
              subscribe: async function* () {
                for (let ticks = 1; ; ticks++) {
                  yield { ticks }
                  await new Promise(resolve => setTimeout(resolve, 100))
                }
              },
            },
          },
        },
      }),
    })
    return {
      ...(await listen(yoga)),
      refuse: () => {
        isRefusing = true
      },
    }
  },
}
