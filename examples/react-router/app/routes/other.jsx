import { auth } from '../auth.server'

export async function loader({ request }) {
  return { user: (await auth.verify(request))?.sub }
}

export default function Other({ loaderData }) {
  return <p>Only for {loaderData.user}</p>
}
