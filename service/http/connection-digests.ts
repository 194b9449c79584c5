import { KEY_TEXT_MAX, keyDigest } from '../app/authenticator.ts'

/** A connection sends the same key again and again; its digest is worked out once. Forgotten with the connection. */
export class ConnectionDigests {
  readonly #last = new WeakMap<object, { readonly keyText: string; readonly digest: string }>()

  of(socket: object, keyText: string | undefined): string | undefined {
    const last = this.#last.get(socket)
    if (last !== undefined && last.keyText === keyText) return last.digest
    // Longer ones are no keys, and not worth remembering.
    if (keyText === undefined || keyText.length > KEY_TEXT_MAX) return undefined
    const digest = keyDigest(keyText)
    this.#last.set(socket, { keyText, digest })
    return digest
  }
}
