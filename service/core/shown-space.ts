import type { NumberSpace } from './tag.ts'

/**
 * A number space for errors, logs and the audit log, without the key of its shuffle: who has that reads off any ID how many
 * there were, and those who read logs are others than those who may read the tag.
 */
export function shownSpace<S extends Partial<NumberSpace>>(space: S): S {
  if (space.format?.shuffleKey === undefined) return space
  return { ...space, format: { ...space.format, shuffleKey: HIDDEN } }
}

/** The same of a tag, or of a record of one. */
export function withShownSpace<T extends { readonly space: NumberSpace }>(tag: T): T {
  return { ...tag, space: shownSpace(tag.space) }
}

/** The same of JSON as it came, which may be none. */
export function withoutShuffleKey(text: string): string {
  return text.replace(KEY_FIELD, `$1"${HIDDEN}"`)
}

/** Of a text that was cut, or never closed, the rest goes as well. */
const KEY_FIELD = /("shuffleKey"\s*:\s*)"(?:[^"\\]|\\.)*"?/gsu
/** Says that there is one. No two of them can be told apart by it. */
const HIDDEN = 'hidden'
