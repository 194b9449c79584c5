/** Texts that differ only in their numbers, once each with how often they came, most frequent first. */
export function distinct(texts: readonly string[]): string[] {
  const seen = new Map<string, { readonly text: string; count: number }>()
  for (const text of texts) {
    const key = text.replaceAll(NUMBER, (found) => (found.startsWith('(') ? found : '#'))
    const entry = seen.get(key)
    if (entry === undefined) seen.set(key, { text: key, count: 1 })
    else entry.count += 1
  }
  return [...seen.values()].sort((a, b) => b.count - a.count).map(({ text, count }) => `${text} (${count}×)`)
}

/** Generations of tags, ports, process ids, times and worker ids; neither a SQLSTATE like (57P03) nor an algorithm. */
const NUMBER = /\([0-9A-Z]{5}\)|[0-9a-f]{32}|(?<!uuid-v)\d+(?:[.:T-]\d+)*/g
