const segments = new Intl.Segmenter()

/** What a reader takes for one character each. */
export function charactersOf(text: string): string[] {
  // Nearly all texts are; the other way costs a hundred times as much.
  if (/^[\x20-\x7e]*$/.test(text)) return text.split('')
  return Array.from(segments.segment(text), ({ segment }) => segment)
}

/** Columns of a terminal that the text takes: Chinese, Japanese and Korean characters and emoji take two. */
export function columnsOf(text: string): number {
  return charactersOf(text).reduce((sum, one) => sum + (WIDE.test(one) ? 2 : 1), 0)
}

/** As many characters from the beginning as fit. */
export function firstColumns(text: string, columns: number): string {
  return fitting(charactersOf(text), columns).join('')
}

/** As many characters from the end as fit. */
export function lastColumns(text: string, columns: number): string {
  return fitting(charactersOf(text).reverse(), columns).reverse().join('')
}

function fitting(characters: readonly string[], columns: number): string[] {
  const kept: string[] = []
  let left = columns
  for (const one of characters) {
    left -= columnsOf(one)
    if (left < 0) break
    kept.push(one)
  }
  return kept
}

const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u
