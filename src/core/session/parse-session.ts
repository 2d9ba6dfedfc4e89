import { ANONYMOUS_REASONS, type AnonymousReason } from '../../protocol.ts'
import { IN_COOKIE, isToken } from '../tokens/tokens.ts'
import { isOwner } from './owner.ts'
import { type Anonymous, type Authenticated, nobody, RECORD_VERSION, type Session } from './session.ts'

/** Reads a stored record; anything that is not one, whatever wrote it, is nobody. */
export function parseSession(stored: unknown): Session {
  try {
    return readSession(stored)
  } catch {
    return nobody
  }
}

function readSession(stored: unknown): Session {
  if (!isRecord(stored) || stored.version !== RECORD_VERSION || !isGeneration(stored.generation)) return nobody
  if (stored.adopted !== undefined && !isTexts(stored.adopted)) return nobody
  if (stored.status === 'anonymous')
    return ANONYMOUS_REASONS.includes(stored.reason as AnonymousReason) &&
      isLastUser(stored.last) &&
      [stored.isCookieLeft, stored.isUntold].every(mark => mark === undefined || mark === true)
      ? (stored as unknown as Anonymous)
      : nobody
  const intact =
    stored.status === 'authenticated' &&
    typeof stored.id === 'string' &&
    (stored.accessToken === null || stored.accessToken === IN_COOKIE || isToken(stored.accessToken)) &&
    (stored.refreshToken === null || isToken(stored.refreshToken)) &&
    (stored.idToken === null || typeof stored.idToken === 'string') &&
    isCount(stored.receivedAt) &&
    (stored.expiresAt === null || isCount(stored.expiresAt)) &&
    (stored.answer === undefined || isObjectText(stored.answer)) &&
    (stored.life === undefined || isCount(stored.life)) &&
    (stored.subject === undefined || typeof stored.subject === 'string') &&
    (stored.claims === undefined || isRecord(stored.claims)) &&
    (stored.isBound === undefined || stored.isBound === true) &&
    (stored.failing === undefined || isFailing(stored.failing)) &&
    isCount(stored.begun) &&
    (stored.begunAt === undefined || isCount(stored.begunAt)) &&
    (stored.refreshKey === undefined || isToken(stored.refreshKey)) &&
    typeof stored.isDoubtful === 'boolean' &&
    [stored.startedAt, stored.usedAt].every(time => time === undefined || isCount(time)) &&
    (stored.owner === undefined || isOwner(stored.owner)) &&
    (stored.formerIds === undefined || isTexts(stored.formerIds))
  if (!intact) return nobody
  // A record of before there were limits has neither.
  const session = stored as unknown as Authenticated
  const { startedAt = session.receivedAt, usedAt = session.receivedAt } = session
  return { ...session, startedAt, usedAt }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isLastUser(value: unknown): boolean {
  if (value === undefined) return true
  if (!isRecord(value) || typeof value.subject !== 'string' || !isCount(value.endedAt)) return false
  return value.ids === undefined || isTexts(value.ids)
}

function isObjectText(value: unknown): boolean {
  return value === 'null' || (typeof value === 'string' && isRecord(JSON.parse(value)))
}

function isFailing(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { since, answers, answeredSince, answeredAt = since } = value
  return [since, answers, answeredSince, answeredAt].every(isCount)
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(text => typeof text === 'string')
}

/** One that cannot grow any more would tell no write from the next. */
function isGeneration(value: unknown): boolean {
  return isCount(value) && Number.isSafeInteger(value) && (value as number) < Number.MAX_SAFE_INTEGER / 2
}
