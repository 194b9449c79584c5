import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { IdgenError } from '../core/errors.ts'
import { certificateTextOf } from '../sockets/client-certificate.ts'

/**
 * The certificate of the connection, in the place of a key's text. undefined also where a page of another site had the
 * request sent: a browser shows its certificate whoever asks, so such a page would act with the rights of its reader.
 */
export function certificateFor({ headers, socket }: IncomingMessage): string | undefined {
  const text = certificateTextOf(socket)
  return text === undefined || otherSiteOf(headers) !== undefined ? undefined : text
}

/** Why a request without a key was refused though its connection shows a certificate; undefined: that is not so. */
export function setAside({ headers, socket }: IncomingMessage): IdgenError | undefined {
  const site = otherSiteOf(headers)
  if (site === undefined || certificateTextOf(socket) === undefined) return undefined
  return new IdgenError(
    'IDGEN_UNAUTHENTICATED',
    `A page of another site had the browser send this (${site}), so its client certificate does not count: open the address itself, or send an API key.`,
  )
}

/**
 * The header by which a browser says that a page of another site is behind the request; undefined: none is, or no browser.
 * A page cannot leave these headers out or choose them. Browsers of before 2023 send Origin alone, with all that changes something.
 */
export function otherSiteOf(headers: IncomingHttpHeaders): string | undefined {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return OWN.has(String(site)) ? undefined : `Sec-Fetch-Site: ${shown(site)}`
  const { origin, host = '' } = headers
  // Certificates come over TLS only.
  if (origin === undefined || origin.toLowerCase() === `https://${host.toLowerCase()}`) return undefined
  return `Origin: ${shown(origin)}`
}

function shown(value: string | string[]): string {
  return String(value).slice(0, SHOWN_MAX)
}

/** `none`: the person typed the address, or took a bookmark. `same-site` is another host, which others may run. */
const OWN: ReadonlySet<string> = new Set(['same-origin', 'none'])
/** In the text of an error; a name of a host is 253 at most. */
const SHOWN_MAX = 300
