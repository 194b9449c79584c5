import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * Signs what lies in a shared cache (HMAC-SHA-256), with a key that the cache does not hold: who writes the cache makes
 * nothing that is believed. The name is signed too, so a record is not believed under the name of another.
 */
export class RecordSeal {
  readonly #key: Uint8Array

  /** `key`: 32 bytes. */
  constructor(key: Uint8Array) {
    this.#key = key
  }

  seal(name: string, text: string): string {
    return `${this.#signature(name, text).toString('base64url')}.${text}`
  }

  /** The text, or undefined where it was not signed with this key under this name. */
  open(name: string, sealed: string): string | undefined {
    if (sealed[SIGNATURE_LENGTH] !== '.') return undefined
    const text = sealed.slice(SIGNATURE_LENGTH + 1)
    const given = Buffer.from(sealed.slice(0, SIGNATURE_LENGTH), 'base64url')
    const wanted = this.#signature(name, text)
    return given.length === wanted.length && timingSafeEqual(given, wanted) ? text : undefined
  }

  #signature(name: string, text: string): Buffer {
    // The length keeps a name and a text apart whatever is in them.
    return createHmac('sha256', this.#key).update(`${name.length}:${name}${text}`, 'utf8').digest()
  }
}

/** 32 bytes as base64url. */
const SIGNATURE_LENGTH = 43
