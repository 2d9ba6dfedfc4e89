import { register } from 'refresh-worker'

const auth = register('/sw.js')
let session
let socket

// A socket is one login's: the next user must not go on with it
auth.subscribe(({ sessionId }) => {
  if (sessionId === session) return
  session = sessionId
  socket?.close()
  if (session) connect(session)
})

async function connect(mine) {
  const again = () => setTimeout(() => mine === session && connect(mine), 500 + 1000 * Math.random())
  const response = await fetch('/api/ws-ticket', { method: 'POST' }).catch(() => null)
  if (!response?.ok) return again()
  const { ticket } = await response.json()
  if (mine !== session) return
  socket = new WebSocket(`/ws?ticket=${ticket}`)
  socket.onmessage = ({ data }) => show(data)
  socket.onclose = again
}

function show(text) {
  const item = document.createElement('li')
  item.textContent = text
  document.querySelector('#news').append(item)
}
