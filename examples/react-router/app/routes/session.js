import { auth } from '../auth.server'

export async function loader({ request }) {
  const claims = await auth.verify(request)
  return claims
    ? Response.json({ user: claims.sub, expires_in: claims.exp - Date.now() / 1000 })
    : Response.json({}, { status: 401 })
}
