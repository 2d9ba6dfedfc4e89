import { expect, it } from 'vitest'
import { createAnswerPage } from '../../../src/core/answer-page.ts'
import type { Core } from '../../../src/core/core.ts'
import { envelope, type PageRequest } from '../../../src/protocol.ts'
import { configOf } from '../kit.ts'

function setUp({ isAnyOpen = false } = {}) {
  const happened: string[] = []
  const coreOf = (storageKey: string): Core => ({
    config: configOf({ storageKey }),
    match: () => null,
    isPrepared: () => true,
    prepare: async () => undefined,
    start: () => undefined,
    arrive: () => undefined,
    navigate: () => null,
    answer: () => Promise.reject(new Error('not asked here')),
    answerMessage: async ({ type }) => {
      happened.push(`${storageKey}: ${type}`)
      return envelope({ type: 'keep-alive', isNeeded: false })
    },
  })
  const answer = createAnswerPage({
    cores: [coreOf('first'), coreOf('second')],
    claim: async () => void happened.push('claimed'),
    isAnyOpen: () => isAnyOpen,
  })
  const ask = (message: Pick<PageRequest, 'type' | 'session'>) =>
    answer(envelope(message) as PageRequest, () => undefined)
  return { ask, happened }
}

it('the session that a page names answers, or else the first', async () => {
  const { ask, happened } = setUp()
  await ask({ type: 'state', session: 'second' })
  await ask({ type: 'state' })
  expect(happened).toEqual(['second: state', 'first: state'])
})

it('a session that does not exist is an error that names those that do', async () => {
  const { ask, happened } = setUp()
  const reply = await ask({ type: 'logout', session: 'third' })
  expect(reply).toMatchObject({ type: 'error', code: 'unknown_session', message: expect.stringContaining('second') })
  expect(happened).toEqual([])
})

it('claim takes control before the core tells the state', async () => {
  const { ask, happened } = setUp()
  await ask({ type: 'claim' })
  expect(happened).toEqual(['claimed', 'first: claim'])
})

it.each([true, false])('keep-alive is needed while an answer is open (%s)', async isAnyOpen => {
  const { ask } = setUp({ isAnyOpen })
  expect(await ask({ type: 'keep-alive' })).toMatchObject({ type: 'keep-alive', isNeeded: isAnyOpen })
})
