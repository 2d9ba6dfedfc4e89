import { register } from 'refresh-worker'

const auth = register('/sw.js')
let session
let socket
let refused

// A socket is one login's: the next user must not go on with it
auth.subscribe(({ sessionId }) => {
  if (sessionId === session) return
  session = sessionId
  socket?.close()
  if (session) connect(session)
})

async function connect(mine) {
  const again = () => setTimeout(() => mine === session && connect(mine), 500 + 1000 * Math.random())
  const token = await freshToken().catch(() => null) // { code }: nobody is logged in, or no refresh came through
  if (mine !== session) return
  if (!token) return again()
  socket = new WebSocket('/ws')
  socket.onopen = () => socket.send(token)
  socket.onmessage = ({ data }) => show(data)
  socket.onclose = ({ code }) => {
    if (code === 4401) refused = token
    again()
  }
}

/** The worker does not see what becomes of a socket: where the server has refused a token, another one is asked for. */
async function freshToken() {
  const token = await auth.getAccessToken()
  if (token !== refused) return token
  await auth.updateToken()
  return auth.getAccessToken()
}

function show(text) {
  const item = document.createElement('li')
  item.textContent = text
  document.querySelector('#news').append(item)
}
