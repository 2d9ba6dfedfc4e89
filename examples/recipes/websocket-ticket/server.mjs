import { randomBytes } from 'node:crypto'
import { WebSocketServer } from 'ws'

export function routes(app, { server }) {
  const tickets = new Map()

  app.post('/api/ws-ticket', (_request, response) => {
    const ticket = randomBytes(32).toString('base64url')
    tickets.set(ticket, response.locals.user) // the claims of the token that the API has checked
    setTimeout(() => tickets.delete(ticket), 10_000).unref()
    response.set('Cache-Control', 'no-store').json({ ticket })
  })

  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, connection, head) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost')
    const ticket = searchParams.get('ticket')
    const user = pathname === '/ws' && tickets.get(ticket)
    tickets.delete(ticket)
    if (user) sockets.handleUpgrade(request, connection, head, socket => serve(socket, user))
    else connection.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
  })
}

function serve(socket, { sub, exp }) {
  socket.on('error', console.error)
  socket.send(`Hello ${sub}`)
  // No socket outlives the token that it was opened with
  const over = setTimeout(() => socket.close(4401), exp * 1000 - Date.now())
  socket.once('close', () => clearTimeout(over))
}
