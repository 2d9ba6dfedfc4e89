// Of the shape of a well-known Angular tutorial: the refresh token in a cookie, the token in memory, decoded by hand for a
// timer, and a refresh by the application itself at each start.
let user = null
let timer

const post = async (path, body = {}) => {
  const response = await fetch(path, {
    method: 'POST',
    credentials: 'include',
    headers: { 'Content-Type': 'application/json', ...(user ? { Authorization: `Bearer ${user.jwtToken}` } : {}) },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error((await response.json()).message)
  return response.json()
}

const decode = () => JSON.parse(atob(user.jwtToken.split('.')[1]))

function startTimer() {
  const timeout = decode().exp * 1000 - Date.now() - 60_000
  // What a browser makes of more than this is a storm.
  if (timeout > 2 ** 31 - 1) throw new Error('the timer goes off at once')
  timer = setTimeout(refreshToken, timeout)
}

async function refreshToken() {
  user = await post('/users/refresh-token')
  startTimer()
}

export const started = () => refreshToken().catch(() => undefined)

export const logIn = async () => {
  user = await post('/users/authenticate', { username: 'ada', password: 'lovelace' })
  startTimer()
}

/** The name that the page greets its user by comes with every answer. */
export const claims = async () => ({ sub: user.username, ...decode() })

export const call = async () => {
  const headers = user ? { Authorization: `Bearer ${user.jwtToken}` } : {}
  return (await fetch('/api/users', { headers })).ok
}

export const renew = () => refreshToken()

export const logOut = async () => {
  await post('/users/revoke-token').catch(() => undefined)
  clearTimeout(timer)
  user = null
}

export const isLoggedIn = async () => user !== null
