/** Names that somebody may have meant: few letters apart, or one the beginning of the other; the nearest first. */
export function nearNames(wanted: string, names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, far: startsAlike(wanted, name) ? 1 : distance(wanted, name) }))
    .filter(({ far }) => far <= Math.max(2, Math.floor(wanted.length / 3)))
    .toSorted((a, b) => a.far - b.far || a.name.localeCompare(b.name))
    .slice(0, NAMED_MAX)
    .map(({ name }) => name)
}

const NAMED_MAX = 5

function startsAlike(a: string, b: string): boolean {
  return a.length >= 3 && b.length >= 3 && (a.startsWith(b) || b.startsWith(a))
}

/** Letters to add, take out or replace (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_unused, at) => at)
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1]
    for (const [j, other] of Array.from(b).entries())
      next.push(
        Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)),
      )
    row = next
  }
  return row.at(-1) ?? 0
}
