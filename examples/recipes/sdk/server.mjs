import { buildSchema } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'

export function routes(_app, { server, verify }) {
  const schema = buildSchema('type Query { me: String } type Subscription { hello: String }')

  useServer(
    {
      schema,
      roots: { subscription: { hello: helloForEver } },
      async onConnect({ connectionParams, extra }) {
        const user = await verify(connectionParams?.accessToken)
        if (!user) return false // closes it, 4403 Forbidden: clients try again
        extra.user = user
        const over = setTimeout(() => extra.socket.close(4403, 'Forbidden'), user.exp * 1000 - Date.now())
        extra.socket.once('close', () => clearTimeout(over))
      },
      context: ({ extra }) => extra.user,
    },
    new WebSocketServer({ server, path: '/graphql' }),
  )
}

async function* helloForEver(_arguments, { sub }) {
  yield { hello: `Hello ${sub}` }
  await new Promise(() => {})
}
