/** What a client's certificate says, as far as idgen looks at it. */
export interface ShownCertificate {
  /** `URI:…`, `DNS:…`, `email:…`, `CN:…`. */
  readonly names: readonly string[]
  /** Unix ms from which it is not valid any more. */
  readonly endMs: number
  /** Why it is not believed; undefined: it is signed by who may sign. */
  readonly fault?: string | undefined
}

/**
 * A certificate in the place of an API key's text, so that all that holds for keys holds for it: caches, threads, limits,
 * the audit log. `mark` is a random text of this process that nobody outside knows: what a client sends as a key is
 * never taken for a certificate.
 */
export function certificateText(mark: string, { names, endMs, fault }: ShownCertificate): string {
  const kept: string[] = []
  let length = 0
  for (const name of names) {
    length += name.length + QUOTES
    if (length > NAMES_MAX) break
    kept.push(name)
  }
  return mark + JSON.stringify([endMs, kept, fault?.slice(0, FAULT_MAX)])
}

/** undefined: a key. */
export function readCertificateText(mark: string, text: string): ShownCertificate | undefined {
  if (mark === '' || !text.startsWith(mark)) return undefined
  const [endMs, names, fault] = JSON.parse(text.slice(mark.length)) as [number, string[], string | null]
  return { endMs, names, ...(fault !== null && { fault }) }
}

/** With the rest of the text below KEY_TEXT_MAX. Names beyond are not looked at; a certificate for a client has one or two. */
const NAMES_MAX = 800
const QUOTES = 3
const FAULT_MAX = 60
