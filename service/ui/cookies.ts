/** The value of a cookie of a request; undefined: it has none of this name. The first one counts. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const equals = part.indexOf('=')
    if (equals > 0 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim()
  }
  return undefined
}

export interface CookieTerms {
  /** 0: it is deleted. */
  readonly maxAgeS: number
  /** Only sent back over an encrypted connection. */
  readonly secure: boolean
}

/** For Set-Cookie. No script reads it, no other site's page sends it, and nothing outside /ui gets it. */
export function setCookie(name: string, value: string, { maxAgeS, secure }: CookieTerms): string {
  const terms = [`Max-Age=${maxAgeS}`, 'Path=/ui', 'HttpOnly', 'SameSite=Strict']
  return [`${name}=${value}`, ...terms, ...(secure ? ['Secure'] : [])].join('; ')
}
