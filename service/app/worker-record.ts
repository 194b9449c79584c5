import { jsonFields } from '../core/json-object.ts'
import type { TimeAuthority, TimeAuthorityStore } from '../ports/time-copy-store.ts'

/**
 * What the keys of a worker id hold (core/coordination-keys.ts), as JSON:
 *
 *     /authority/{dc}             {"store":"etcd","layoutHash":"…"}
 *     /workers/{dc}/{worker}      {"nonce":"…","holder":"host (pid 1)","sinceMs":…}
 *     /worker-time/{dc}/{worker}  {"untilMs":…,"nonce":"…"}
 *
 * Transactions compare the text as it was read, never a text printed again: a later version may add a field.
 */
export interface HolderRecord {
  readonly nonce: string
  /** For people: host name and process id. */
  readonly holder: string
  /** For people: Unix milliseconds by the holder's clock. */
  readonly sinceMs: number
}

export interface TimeRecord {
  /** First Unix millisecond nobody may use yet. */
  readonly untilMs: number
  /** The hold that wrote it; '' after a switch of the authority. */
  readonly nonce: string
}

export function printHolder({ nonce, holder, sinceMs }: HolderRecord): string {
  return JSON.stringify({ nonce, holder, sinceMs })
}

export function printTime({ untilMs, nonce }: TimeRecord): string {
  return JSON.stringify({ untilMs, nonce })
}

export function printAuthority({ store, layoutHash }: TimeAuthority): string {
  return JSON.stringify({ store, layoutHash })
}

/** While a switch is under way. `mark` is of this run alone: what an older run sends late finds another text. */
export function printMoving(layoutHash: string, mark: string): string {
  return JSON.stringify({ store: 'moving', layoutHash, mark })
}

/** undefined: not a record of idgen. It must never be read as 0: that time may have been used. */
export function parseTime(text: string): TimeRecord | undefined {
  const { untilMs, nonce } = jsonFields(text)
  if (typeof untilMs !== 'number' || !Number.isSafeInteger(untilMs) || untilMs < 0) return undefined
  return typeof nonce === 'string' ? { untilMs, nonce } : undefined
}

/** '' where it is not a record of idgen. */
export function holderOf(text: string): string {
  const { holder } = jsonFields(text)
  return typeof holder === 'string' ? holder : ''
}

/** undefined: not a record of idgen. */
export function parseAuthority(text: string): TimeAuthority | undefined {
  const { store, layoutHash } = jsonFields(text)
  const known = STORES.find((name) => name === store)
  return known !== undefined && typeof layoutHash === 'string' ? { store: known, layoutHash } : undefined
}

const STORES = ['postgres', 'etcd', 'moving'] as const satisfies readonly TimeAuthorityStore[]
