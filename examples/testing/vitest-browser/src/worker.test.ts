import { register } from 'refresh-worker'
import { expect, it } from 'vitest'
import { useSession } from './session.ts'

it('the worker authorizes, refreshes, and ends the session', async () => {
  const auth = register('/sw.js')
  await useSession(auth)
  expect((await auth.inspect()).worker.host).toBe('worker')
})
