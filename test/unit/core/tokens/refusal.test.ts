import { describe, expect, it } from 'vitest'
import { isRefusal } from '../../../../src/core/tokens/refusal.ts'
import { NO_REFUSALS, REFUSALS, type Written } from '../../../servers/refusals.ts'

/** An answer as the server writes it: an object is JSON, a string what it is. */
function answerOf([status, body, headers = {}]: Written) {
  return { status, headers: new Headers(headers), text: typeof body === 'string' ? body : JSON.stringify(body) }
}

describe('a refusal', () => {
  for (const [name, ...written] of REFUSALS)
    it(name, () => {
      expect(isRefusal(answerOf(written))).toBe(true)
    })
})

describe('no refusal', () => {
  for (const [name, ...written] of NO_REFUSALS)
    it(name, () => {
      expect(isRefusal(answerOf(written))).toBe(false)
    })
})
