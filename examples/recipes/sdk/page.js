import { createClient } from 'graphql-ws'
import { register } from 'refresh-worker'

const auth = register('/sw.js')
let session
let client

// A connection is one login's: the next user must not go on with it
auth.subscribe(({ sessionId }) => {
  if (sessionId === session) return
  session = sessionId
  client?.dispose()
  if (session) subscribe()
})

function subscribe() {
  client = createClient({
    url: '/graphql',
    // Asked for at every connection, so that each begins with a token that is good
    connectionParams: async () => ({ accessToken: await auth.getAccessToken() }),
    shouldRetry: ({ code }) => !['not_authenticated', 'access_token_not_exposed'].includes(code),
  })
  client.subscribe(
    { query: 'subscription { hello }' },
    { next: ({ data }) => show(data.hello), error: ({ code }) => show(code), complete() {} },
  )
}

function show(text) {
  const item = document.createElement('li')
  item.textContent = text
  document.querySelector('#news').append(item)
}
