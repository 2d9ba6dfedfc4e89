/** A figure and how far it went: the median of the rounds, and their quartiles. */
export interface Figure {
  readonly median: number
  readonly low: number
  readonly high: number
  readonly rounds: number
}

/** Linear between the two nearest ranks, as spreadsheets do it. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN
  const sorted = [...values].sort((a, b) => a - b)
  const rank = (sorted.length - 1) * share
  const below = sorted[Math.floor(rank)] as number
  const above = sorted[Math.ceil(rank)] as number
  return below + (above - below) * (rank - Math.floor(rank))
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function figure(values: readonly number[]): Figure {
  return {
    median: median(values),
    low: quantile(values, 0.25),
    high: quantile(values, 0.75),
    rounds: values.length,
  }
}

/** Ratios within each round first, since what slows a machine down slows a whole round; then their figure. */
export function ratio(values: readonly number[], to: readonly number[]): Figure {
  if (values.length !== to.length) throw new Error(`${values.length} rounds cannot be compared with ${to.length}`)
  return figure(values.map((value, round) => value / (to[round] as number)))
}

/** The order of a round: each subject comes first in turn, so that none always has the same place. */
export function rotated<T>(items: readonly T[], round: number): readonly T[] {
  const start = items.length === 0 ? 0 : round % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}
