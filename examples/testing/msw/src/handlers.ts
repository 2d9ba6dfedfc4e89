import { HttpResponse, http } from 'msw'
import { fakeServer } from 'refresh-worker/testing'

export const server = fakeServer()

export const handlers = [
  http.post('*/auth/*', ({ request }) => server.fetch(request)),
  http.get('*/api/orders', async ({ request }) => {
    const claims = await server.claimsOf(request)
    return claims ? HttpResponse.json({ orders: [1, 2], of: claims.name }) : new HttpResponse(null, { status: 401 })
  }),
]
