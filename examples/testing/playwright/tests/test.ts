import { test as base, type Route } from '@playwright/test'
import { type FakeServer, fakeServer } from 'refresh-worker/testing'

/** A server for each test, which answers what the page and its worker send. */
export const test = base.extend<{ server: FakeServer }>({
  server: [
    async ({ context }, use) => {
      const server = fakeServer({
        api: (_request, claims) => Response.json({ orders: [1, 2], of: claims.name }),
      })
      await context.route(/\/(api|auth)\//, route => answerBy(server, route))
      await use(server)
    },
    { auto: true },
  ],
})

async function answerBy(server: FakeServer, route: Route) {
  const request = route.request()
  const response = await server.fetch(
    new Request(request.url(), {
      method: request.method(),
      headers: await request.allHeaders(),
      body: request.postData(),
    }),
  )
  await route.fulfill({
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: Buffer.from(await response.arrayBuffer()),
  })
}

export { expect } from '@playwright/test'
