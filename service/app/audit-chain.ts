import { createHash, createHmac } from 'node:crypto'
import { auditText, type ChainPlace, storableRecord } from '../core/audit-text.ts'
import type { AuditPlace } from '../ports/audit-reader.ts'
import type { AuditRecord, ChainedRecord } from '../ports/audit-sink.ts'
import type { Random } from '../ports/random.ts'

/** What the first record of a chain follows. */
export const CHAIN_START = '0'.repeat(64)

/** With a key, who can write the table cannot make the hashes anew; without one, the hash alone is no proof of that. */
export function linkHash(record: AuditRecord, place: ChainPlace, key: string | undefined): string {
  const text = auditText(record, place)
  return (key === undefined ? createHash('sha256') : createHmac('sha256', key)).update(text).digest('hex')
}

/** Without a key there is no seal: who can write the table could make one. Begins unlike the text of any record. */
export function cutSeal(
  chain: string,
  { seq, hash }: AuditPlace,
  key: string | undefined,
): string | undefined {
  if (key === undefined) return undefined
  return createHmac('sha256', key)
    .update(JSON.stringify(['cut', chain, seq, hash]))
    .digest('hex')
}

/**
 * The chain of hashes of one process (docs/decisions/0029): each record carries the hash of the one before, so that
 * one that was changed, taken out, put in or moved is found. A chain of its own for each process, since a common one
 * would make them all wait for one row.
 */
export class AuditChain {
  readonly name: string
  readonly #key: string | undefined
  #seq = 0
  #hash = CHAIN_START
  #atMs = 0

  /** `key`: of the HMAC, or undefined for bare SHA-256. */
  constructor(instance: string, random: Random, key: string | undefined) {
    const bytes = new Uint8Array(8)
    random.fill(bytes)
    // Who, for people; which start of it, so that no two chains have one name.
    this.name = `${instance}:${Buffer.from(bytes).toString('hex')}`
    this.#key = key
  }

  /** Of the last record; seq 0 before the first. */
  get head(): { readonly chain: string; readonly seq: number; readonly hash: string } {
    return { chain: this.name, seq: this.#seq, hash: this.#hash }
  }

  /**
   * Gives a record its place for good: a batch that is written again carries the same links. Times never go back
   * within a chain, so that dropping old months takes the front of a chain and nothing out of its middle.
   */
  append(record: AuditRecord): ChainedRecord {
    this.#atMs = Math.max(this.#atMs, record.at.getTime())
    const stored = storableRecord({ ...record, at: new Date(this.#atMs) })
    const place = { chain: this.name, seq: this.#seq + 1, previousHash: this.#hash }
    const hash = linkHash(stored, place, this.#key)
    this.#seq = place.seq
    this.#hash = hash
    return { ...stored, link: { ...place, hash } }
  }
}
