import type { Attempt } from './attempt.ts'
import type { AuditTrail } from './audit-trail.ts'
import { keyIdOf } from './authenticator.ts'
import type { MinuteCount } from './minute-counts.ts'

/** Why a key was refused: it is wrong, it may not do what was asked, or its client had sent too many wrong ones to look. */
export type KeyRefusal = 'IDGEN_UNAUTHENTICATED' | 'IDGEN_FORBIDDEN' | 'IDGEN_RATE_LIMITED'

interface Refusals {
  readonly keyId: string
  readonly client: string
  readonly why: KeyRefusal
  /** Of the first; undefined: it did not say (a command of a Redis client). */
  readonly first: Attempt | undefined
  times: number
}

/**
 * Counts keys that were refused and writes the counts to the audit log once a minute, by key and address: a record each
 * would let anybody fill the log. Each says what the first of them attempted. What calls for IDs were refused is counted by IssueLedger.
 */
export class RefusedKeys implements MinuteCount {
  readonly #audit: Pick<AuditTrail, 'record'>
  readonly #counts = new Map<string, Refusals>()
  /** Wrong, expired or revoked keys since the start. */
  wrong = 0

  constructor(audit: Pick<AuditTrail, 'record'>) {
    this.#audit = audit
  }

  /** Only the public part of the key is kept: the rest may be a good one with a slip in it. */
  noteWrong(keyText: string | undefined, client: string, attempt?: Attempt): void {
    // Who has none did not try one.
    if (keyText === undefined || keyText === '') return
    this.wrong += 1
    this.#note(keyIdOf(keyText) ?? NO_KEY_ID, client, 'IDGEN_UNAUTHENTICATED', attempt)
  }

  /** Nobody looked whose key it is; of one address they are one sum, as there may be a new one in each request. */
  noteThrottled(client: string, attempt?: Attempt): void {
    this.#note(MANY, client, 'IDGEN_RATE_LIMITED', attempt)
  }

  noteForbidden(keyId: string, client: string, attempt: Attempt): void {
    this.#note(keyId, client, 'IDGEN_FORBIDDEN', attempt)
  }

  write(): void {
    for (const { keyId, client, why, first, times } of this.#counts.values())
      this.#audit.record({
        // Who sends a wrong key has not proven who they are.
        actor: why === 'IDGEN_FORBIDDEN' ? keyId : 'unknown',
        action: 'key.refuse',
        subject: keyId,
        result: why,
        traceId: first?.traceId,
        detail: { address: client, times, ...(first && { first: shown(first) }) },
      })
    this.#counts.clear()
  }

  // oxlint-disable-next-line max-params -- what a record has
  #note(keyId: string, client: string, why: KeyRefusal, attempt: Attempt | undefined): void {
    const known = this.#counts.get(nameOf(keyId, client, why))
    if (known !== undefined) {
      known.times += 1
      return
    }
    const isFull = this.#counts.size >= COUNTS_MAX
    if (isFull && client !== MANY) return this.#note(MANY, MANY, why, attempt)
    this.#counts.set(nameOf(keyId, client, why), { keyId, client, why, first: attempt, times: 1 })
  }
}

function shown({ operation, subject }: Attempt): object {
  return { operation, ...(subject !== undefined && { subject }) }
}

function nameOf(keyId: string, client: string, why: KeyRefusal): string {
  return `${keyId} ${client} ${why}`
}

/** Pairs of key and address told apart in a minute; the others are one sum. An attacker makes 140,000 rows a day at most. */
const COUNTS_MAX = 100
/** Stands for all keys, and all addresses, beyond these. */
const MANY = '*'
/** Of a text that has not the form of a key. */
const NO_KEY_ID = 'malformed'
