import { WebSocketServer } from 'ws'

export function routes(_app, { server, verify }) {
  const sockets = new WebSocketServer({ server, path: '/ws', maxPayload: 16_384 })
  sockets.on('connection', socket => {
    socket.on('error', console.error)
    const late = setTimeout(() => socket.close(4401), 5_000)
    socket.once('message', async data => {
      clearTimeout(late)
      const user = await verify(String(data))
      if (user) serve(socket, user)
      else socket.close(4401)
    })
  })
}

function serve(socket, { sub, exp }) {
  socket.send(`Hello ${sub}`)
  // No socket outlives the token that it was opened with
  const over = setTimeout(() => socket.close(4401), exp * 1000 - Date.now())
  socket.once('close', () => clearTimeout(over))
}
