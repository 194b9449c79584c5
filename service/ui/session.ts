import { createCipheriv, createDecipheriv, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../ports/clock.ts'
import { cookieOf, setCookie } from './cookies.ts'

/** Who is signed in: all of it lies in the browser's cookie, sealed, so that any process can read it and none keeps it. */
export interface Session {
  /** The whole API key: each request asks the authenticator again, so the session ends with the key. */
  readonly keyText: string
  /** Unix ms. */
  readonly begunMs: number
  readonly seenMs: number
  /** Every form has it; a page of another site cannot know it. */
  readonly csrf: string
}

/** Begins, reads, prolongs and ends sessions (AES-256-GCM, decision 0037). */
export class Sessions {
  readonly #key: Uint8Array
  readonly #clock: Clock

  /** `key`: 32 bytes, the same in every process that may be asked next. */
  constructor(key: Uint8Array, clock: Clock) {
    this.#key = key
    this.#clock = clock
  }

  begin(keyText: string): Session {
    const nowMs = this.#clock.nowMs()
    return { keyText, begunMs: nowMs, seenMs: nowMs, csrf: randomBytes(16).toString('base64url') }
  }

  /** The session of a request; undefined: none, one that is over, or nothing that we sealed. */
  read(cookieHeader: string | undefined): Session | undefined {
    const sealed = cookieOf(cookieHeader, COOKIE)
    const session = sealed === undefined ? undefined : this.#open(sealed)
    const nowMs = this.#clock.nowMs()
    if (session === undefined) return undefined
    if (nowMs - session.begunMs > LONGEST_MS || nowMs - session.seenMs > IDLE_MS) return undefined
    return session
  }

  /** Whether a request has the cookie, whatever is in it. */
  isSent(cookieHeader: string | undefined): boolean {
    return cookieOf(cookieHeader, COOKIE) !== undefined
  }

  /** Set-Cookie that keeps the session going; undefined: the cookie is fresh enough. */
  prolong(session: Session, secure: boolean): string | undefined {
    const nowMs = this.#clock.nowMs()
    if (nowMs - session.seenMs < PROLONG_EVERY_MS) return undefined
    return this.cookie({ ...session, seenMs: nowMs }, secure)
  }

  cookie(session: Session, secure: boolean): string {
    return setCookie(COOKIE, this.#seal(session), { maxAgeS: LONGEST_MS / 1000, secure })
  }

  /** Set-Cookie that makes the browser forget. */
  ending(secure: boolean): string {
    return setCookie(COOKIE, '', { maxAgeS: 0, secure })
  }

  #seal(session: Session): string {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(PURPOSE)
    const text = Buffer.concat([cipher.update(JSON.stringify(session), 'utf8'), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url')
  }

  #open(sealed: string): Session | undefined {
    const bytes = Buffer.from(sealed, 'base64url')
    if (bytes.length <= NONCE_BYTES + TAG_BYTES || sealed.length > SEALED_MAX) return undefined
    const nonce = bytes.subarray(0, NONCE_BYTES)
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(PURPOSE).setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
    try {
      const text = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8')
      // What opens was sealed here, so it has the shape that it was sealed with.
      return JSON.parse(text + decipher.final('utf8')) as Session
    } catch {
      return undefined
    }
  }
}

/** Whether a form was sent by a page of this session. */
export function isOwnForm(session: Pick<Session, 'csrf'>, token: string | null): boolean {
  const [given, wanted] = [Buffer.from(token ?? ''), Buffer.from(session.csrf)]
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

const COOKIE = 'idgen_session'
/** So that the same bytes mean nothing elsewhere; another number after a change of what is in a session. */
const PURPOSE = Buffer.from('idgen ui session 1')
const NONCE_BYTES = 12
const TAG_BYTES = 16
/**
 * A longer text is not ours: a session is 300 characters with a key of ours, and 2300 with the longest admin key
 * (auth.adminKey: 512 characters, 3 bytes each at most). A browser keeps no cookie of more than 4096.
 */
const SEALED_MAX = 2500
/** A working day; then the key is asked for again, whatever happened meanwhile. */
export const LONGEST_MS = 12 * 3_600_000
/** A forgotten browser is signed out. Charts that renew themselves are nobody's work and do not count. */
export const IDLE_MS = 3_600_000
/** Not with each request: the cookie would be written anew for every click. */
const PROLONG_EVERY_MS = 60_000
