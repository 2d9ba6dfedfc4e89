import { describe, expect, it } from 'vitest'
import { figure, quantile, ratio, rotated } from '../../bench/statistics.ts'

describe('the figures of the bench', () => {
  it('are medians with quartiles, interpolated between ranks, in whatever order they came', () => {
    expect(figure([4, 1, 3, 2])).toEqual({ median: 2.5, low: 1.75, high: 3.25, rounds: 4 })
    expect(figure([7])).toEqual({ median: 7, low: 7, high: 7, rounds: 1 })
    expect(quantile([10, 20], 0.99)).toBeCloseTo(19.9)
  })

  it('are not numbers where nothing was measured', () => {
    expect(figure([])).toMatchObject({ median: Number.NaN, rounds: 0 })
  })

  it('compare within a round, so that a slow round does not count twice', () => {
    // Always twice as long, while the machine is ten times as slow in the second round.
    expect(ratio([2, 20, 2], [1, 10, 1])).toEqual({ median: 2, low: 2, high: 2, rounds: 3 })
    expect(() => ratio([1], [1, 2])).toThrow('cannot be compared')
  })

  it('come from each subject at each place in turn', () => {
    const rounds = [0, 1, 2, 3].map(round => rotated(['a', 'b', 'c'], round).join(''))
    expect(rounds).toEqual(['abc', 'bca', 'cab', 'abc'])
    expect(rotated([], 1)).toEqual([])
  })
})
