/**
 * A line of the log as it may be read by anybody: without secrets that stand inside longer texts, as the errors of
 * drivers and libraries carry them, and without characters that a terminal obeys. The line is JSON whose control
 * characters below U+0020 are escaped already, so what is left of them stands inside strings.
 */
export function cleanLine(line: string): string {
  let clean = line
  for (const [secret, shown] of SECRETS) clean = clean.replace(secret, shown)
  return clean.replace(OBEYED, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const SECRETS: readonly (readonly [RegExp, string])[] = [
  // postgres://user:secret@host: all up to the last @ before the host ends, for an @ of the secret itself.
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"\\]{0,200}):[^\s/"\\]{1,500}@/gi, '$1:[hidden]@'],
  // password=secret, of a libpq connection string or a query.
  [/\b((?:password|passwd|pwd|secret|token)=)(?!\[)[^\s&;"\\]{1,500}/gi, '$1[hidden]'],
  // smtp_auth_password: secret, of the configuration of Alertmanager, as JSON within a line too.
  [
    /\b([a-z]{1,20}(?:_[a-z]{1,20}){0,3}_(?:password|secret|token)\\?"?[:=] ?\\?"?)(?!\[)[^\s,;}"\\]{1,500}/g,
    '$1[hidden]',
  ],
  [/\b([Bb]earer|Basic) [A-Za-z0-9._~+/=-]{16,1000}/g, '$1 [hidden]'],
  // A key of ours: its id may be seen, what it proves not.
  [/\b(idg_[a-z0-9]{12}_)[A-Za-z0-9_-]{8,200}/g, '$1[hidden]'],
]

/**
 * DEL and the C1 controls, which begin escape sequences in some terminals, the separators that end a line for some
 * readers, and marks that turn the direction of text, so that a line reads as something else.
 */
const OBEYED = /[\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g
