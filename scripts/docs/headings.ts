/** A heading of a document, with the name that links use. */
export interface Heading {
  readonly level: number
  readonly text: string
  readonly id: string
}

/**
 * Gives each heading of one document its name, by GitHub's rule, so that a link works there and in the site: lower case, no
 * punctuation, a hyphen for each blank, and `-1`, `-2` … where a name comes again.
 */
export function headingNames(): (text: string) => string {
  const given = new Map<string, number>()
  return (text) => {
    const name = text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
    const before = given.get(name)
    given.set(name, (before ?? -1) + 1)
    return before === undefined ? name : `${name}-${before + 1}`
  }
}
