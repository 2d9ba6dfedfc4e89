import { register } from 'refresh-worker'
import { expect, it } from 'vitest'
import { useSession } from './session.ts'

it('the page does so itself', async () => {
  const withoutWorker = async () => (await import('./in-page.ts')).host
  const auth = register('/sw.js', { host: 'page', withoutWorker })
  await useSession(auth)
  expect((await auth.inspect()).worker.host).toBe('page')
})
