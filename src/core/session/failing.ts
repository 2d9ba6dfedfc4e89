/** So many refreshes must have been answered without a verdict: one today and one yesterday are no outage. */
const LEAST_ANSWERS = 5

/** Refreshes fail, and nothing has said that they always will. Times are milliseconds since the epoch. */
export interface Failing {
  readonly since: number
  /** How many of them were answered, and since when: a machine that is offline gets no answer. */
  readonly answers: number
  readonly answeredSince: number
  /** When the last of them was. `answeredSince` is later by what there was of too long pauses before it. */
  readonly answeredAt?: number
}

/**
 * The same after another failure, at `at`. Of a pause in which nobody asked, as of a machine that sleeps, only so much
 * counts that it takes enough answers to reach `limit`.
 */
export function failedAgain(before: Failing | undefined, at: number, isAnswer: boolean, limit: number): Failing {
  const failing = before ?? { since: at, answers: 0, answeredSince: at }
  if (!isAnswer) return failing
  const { since, answers, answeredSince, answeredAt = at } = failing
  const idle = Math.max(0, at - answeredAt - limit / (LEAST_ANSWERS - 1))
  return { since, answers: answers + 1, answeredSince: answers === 0 ? at : answeredSince + idle, answeredAt: at }
}

/** Whether refreshes were answered without a verdict for so long (milliseconds) that nobody should wait any more. */
export function isHopeless({ failing }: { readonly failing?: Failing }, now: number, limit: number): boolean {
  return failing !== undefined && failing.answers >= LEAST_ANSWERS && now - failing.answeredSince >= limit
}
