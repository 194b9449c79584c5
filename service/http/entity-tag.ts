import { IdgenError } from '../core/errors.ts'

/** A version as a strong entity tag: `"3"` (RFC 9110 section 8.8.3). */
export function entityTag(version: number): string {
  return `"${version}"`
}

/**
 * The version that If-Match asks for; undefined: any (no header, or `*`).
 * @throws IDGEN_VERSION_MISMATCH for a tag that no version of ours can have, IDGEN_REQUEST_INVALID for no tag at all
 */
export function ifMatchVersion(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined
  const text = header.trim()
  const version = /^"(\d{1,15})"$/.exec(text)?.[1]
  if (version !== undefined) return Number(version)
  const shown = JSON.stringify(text.slice(0, 80))
  // A weak tag never matches here, whatever it says (RFC 9110 section 13.1.1).
  if (/^(W\/)?"[^"]*"$/.test(text))
    throw new IdgenError(
      'IDGEN_VERSION_MISMATCH',
      `If-Match is ${shown}, which is no current version: read it again and send its ETag.`,
    )
  throw new IdgenError(
    'IDGEN_REQUEST_INVALID',
    `If-Match must be one ETag as it was given, quotes included, e.g. "3"; it is ${shown}.`,
  )
}
