/** Shown in lists; long enough for a sentence in any language. */
const DISPLAY_NAME_MAX = 200

/** They break log lines and tables, and PostgreSQL stores no NUL. */
const CONTROL = /\p{Cc}/u

/** What is wrong with a display name, or undefined. */
export function displayNameFault(text: string): string | undefined {
  if (text.length > DISPLAY_NAME_MAX)
    return `must have at most ${DISPLAY_NAME_MAX} characters, not ${text.length}`
  if (CONTROL.test(text) || !text.isWellFormed())
    return 'must not hold control characters or half surrogate pairs'
  return undefined
}
