import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ADDRESS_SCRIPT } from './address-script.ts'
import { COPY_SCRIPT } from './copy-script.ts'
import { STYLESHEET } from './generated/stylesheet.ts'
import { ONCE_SCRIPT } from './once-script.ts'

export interface Asset {
  /** With a checksum of what it holds: a browser may keep it for ever, and asks for a new one by another name. */
  readonly url: string
  readonly mediaType: string
  readonly content: Buffer
}

/** A green hexagon with a rising line: numbers that only go up. */
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#0f766e" d="M16 1l13 7.5v15L16 31 3 23.5v-15z"/><path fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round" d="M9 21l5-5 4 3 6-8"/></svg>`

/** All that pages load, from here: nothing comes from another origin. */
export const ASSETS = {
  stylesheet: asset('idgen.css', 'text/css; charset=utf-8', Buffer.from(STYLESHEET)),
  htmx: asset(
    'htmx.js',
    'text/javascript; charset=utf-8',
    readFileSync(fileURLToPath(import.meta.resolve('htmx.org/dist/htmx.min.js'))),
  ),
  copy: asset('copy.js', 'text/javascript; charset=utf-8', Buffer.from(COPY_SCRIPT)),
  address: asset('address.js', 'text/javascript; charset=utf-8', Buffer.from(ADDRESS_SCRIPT)),
  once: asset('once.js', 'text/javascript; charset=utf-8', Buffer.from(ONCE_SCRIPT)),
  icon: asset('icon.svg', 'image/svg+xml', Buffer.from(ICON)),
} as const satisfies Record<string, Asset>

function asset(name: string, mediaType: string, content: Buffer): Asset {
  const checksum = createHash('sha256').update(content).digest('base64url').slice(0, 16)
  return { url: `/ui/assets/${checksum}/${name}`, mediaType, content }
}
