import type { Actor } from '../app/actor.ts'
import type { Caller } from '../app/authenticator.ts'
import type { IdgenError } from '../core/errors.ts'
import type { Words } from './language.ts'
import type { Preferences } from './preferences.ts'
import type { Session } from './session.ts'

/** One request of a browser, as pages see it. */
export interface Visit {
  /** Of these pages, as the browser knows it: https://host:port. */
  readonly origin: string
  /** With the query. */
  readonly url: string
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** A form was sent: what answers it, a secret for example, is at no address. */
  readonly isSent: boolean
  /** Of a POST. */
  readonly form: URLSearchParams
  readonly preferences: Preferences
  /** htmx asks for a piece of a page. */
  readonly isPiece: boolean
  readonly say: <T>(words: Words<T>) => T
  /** Of everything that a page says was refused: what the key may not do goes into the audit log, once a request. */
  readonly noteRefusal: (error: IdgenError) => void
}

/** Of somebody who is signed in. What they may do, `authorize` says of `caller`, as for every other protocol. */
export interface Member extends Visit {
  readonly caller: Caller
  /** For the audit log. */
  readonly actor: Actor
  readonly session: Session
}
