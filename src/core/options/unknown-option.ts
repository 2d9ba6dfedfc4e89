import { ConfigError } from '../../errors.ts'

/** The error of an option that does not exist, with the name that was probably meant. */
export function unknownOption(name: string, known: readonly string[]): ConfigError {
  const [best] = known
    .map(option => ({ option, distance: editDistance(name.toLowerCase(), option.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  const hint = best && best.distance <= Math.max(2, name.length / 4) ? `; did you mean ${best.option}?` : ''
  return new ConfigError(name, `there is no such option${hint}`)
}

/** Levenshtein's. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
