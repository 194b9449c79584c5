/** The rule of `checkName` in service/core/tag.ts as a JSON Schema pattern; a test compares the two. */
export const NAME_PATTERN = '^[a-z0-9][a-z0-9._-]{0,62}$'
export const NAME_RULE = '1 to 63 of a-z 0-9 - _ . beginning with a letter or digit'

/** No control characters, of both ranges (Unicode's Cc): they cannot be shown, and PostgreSQL refuses NUL in a text. */
export const PRINTABLE_PATTERN = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$'
