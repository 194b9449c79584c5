import { IdgenError } from '../core/errors.ts'
import type { ApiKey, ApiKeyStore, KeyPageRequest, KeyPut } from '../ports/api-key-store.ts'
import type { CatalogChanges, Page } from '../ports/catalog-store.ts'
import type { Log } from '../ports/log.ts'
import type { RecordCache } from '../ports/record-cache.ts'
import { type KeyRecord, keyRecordText, parseKeyRecord } from './key-record.ts'
import type { RecordSeal } from './record-seal.ts'
import { ToldChanges } from './told-changes.ts'

export interface SharedKeysOptions {
  readonly keys: ApiKeyStore
  readonly cache: RecordCache
  /** With the same key in every process that uses the database, and in nobody else's hands. */
  readonly seal: RecordSeal
  /** A key lives in the cache this long; milliseconds. */
  readonly ttlMs: number
  readonly log: Log
}

/**
 * API keys with a cache that the instances share in front of the database (R-1.4.1, L2; the Authenticator is L1).
 *
 * The cache may bring back what was replaced, so a revoked key could come back from it. Each record therefore carries
 * the catalogue's revision that was known before it was read from the database: what a record says was true at that
 * revision or later. A record is believed only if no change of its key after that revision can have been missed:
 *
 *     ──────┬───────────────┬──────────────────┬──────────▶ revisions of the catalogue
 *        #floor         #forgotten(id)      #known
 *        older ones:     older ones of        newer ones: another history, or this process is behind
 *        not known       this key: changed
 *
 * Whoever writes the cache could still say anything about a key, so records are signed (record-seal.ts), and what does not
 * bear the signature is not there. What was signed once may be put back by anybody; that is what the revisions are for.
 *
 * Revisions, not times: a process that was stopped for an hour may write its record when it wakes up. They are those of
 * one history of one database, which is part of the key in the cache.
 */
export class SharedKeys implements ApiKeyStore {
  hits = 0
  misses = 0
  /** Records that were there and not believed: not signed here, or older than what is known of their key. */
  readonly refused = { forged: 0, stale: 0 }
  readonly #options: SharedKeysOptions
  /** Key id → revision below which its records are stale, oldest entry first. */
  readonly #forgotten = new Map<string, number>()
  readonly #told = new ToldChanges()
  /** Records below it are stale, whatever key they are of. */
  #floor = 0
  /** Up to here this process knows all changes; undefined before it knows any. */
  #known: number | undefined
  #history: string | undefined
  /** Names the revisions that can be compared with each other. */
  #series = ''

  constructor(options: SharedKeysOptions) {
    this.#options = options
  }

  async find(id: string): Promise<ApiKey | undefined> {
    const revision = this.#known
    if (revision === undefined || !KEY_ID.test(id)) return await this.#options.keys.find(id)
    // The name too as it was before the database was asked: what is read under one history is not written under another.
    const name = this.#nameOf(id)
    const cached = await this.#read(name, id)
    if (cached !== undefined) {
      this.hits += 1
      return cached
    }
    this.misses += 1
    const key = await this.#options.keys.find(id)
    // Not waited for: the caller has its answer. Ids that do not exist are not cached, or anybody could fill the cache.
    if (key !== undefined) void this.#write(name, { key, revision })
    return key
  }

  async create(key: ApiKey): Promise<void> {
    await this.#options.keys.create(key)
    await this.#remove(key.id)
  }

  async put(key: ApiKey, mayReplace: (existing: ApiKey) => void): Promise<KeyPut> {
    const put = await this.#options.keys.put(key, mayReplace)
    if (put.outcome !== 'same') await this.#drop(key.id)
    return put
  }

  list(page: KeyPageRequest, within: string): Promise<Page<ApiKey>> {
    return this.#options.keys.list(page, within)
  }

  async rotate(...[id, secret, mayRotate]: Parameters<ApiKeyStore['rotate']>): Promise<ApiKey> {
    const key = await this.#options.keys.rotate(id, secret, mayRotate)
    await this.#drop(id)
    return key
  }

  async revoke(id: string, at: Date): Promise<ApiKey> {
    const key = await this.#options.keys.revoke(id, at)
    await this.#drop(id)
    return key
  }

  /** What the process' follower of the catalogue is told. Call before the process acts on it. */
  learnt({ revision, history, keyIds }: Pick<CatalogChanges, 'revision' | 'history' | 'keyIds'>): void {
    const back = revision < (this.#known ?? 0)
    if (history === this.#history && !back) for (const id of keyIds) this.#note(id, revision)
    else {
      // Revisions count from here on: those of a lost history, or of another database, must not be compared with them.
      this.#series = back && history === this.#history ? `${history}/back to ${revision}` : history
      this.#history = history
      this.#floor = revision
    }
    this.#known = revision
    this.#told.polled()
  }

  /**
   * The same of one key, before the follower learns of it, from who may not say the truth: no record of it is believed until a
   * poll has told what is true. A revision that is known has been learnt of.
   */
  heard(id: string, revision: number): void {
    if (revision > (this.#known ?? -1)) this.#told.note(id)
  }

  async #read(name: string, id: string): Promise<ApiKey | undefined> {
    const history = this.#series
    try {
      const text = await this.#options.cache.get(name)
      if (text === undefined) return undefined
      const record = this.#signed(name, id, text)
      const believed = record !== undefined && history === this.#series && this.#believes(id, record.revision)
      if (record !== undefined && !believed) this.refused.stale += 1
      return believed ? record.key : undefined
    } catch (thrown) {
      this.#tell(thrown, id, 'API key not read from the cache')
      return undefined
    }
  }

  #signed(name: string, id: string, sealed: string): KeyRecord | undefined {
    const text = this.#options.seal.open(name, sealed)
    const record = text === undefined ? undefined : parseKeyRecord(id, text)
    if (record !== undefined) return record
    // Once: who can write the cache could fill the log as well. The metric goes on counting.
    if (this.refused.forged === 0)
      this.#options.log.warn({ keyId: id }, 'API key in the cache that no process of this database wrote')
    this.refused.forged += 1
    return undefined
  }

  async #write(name: string, record: KeyRecord): Promise<void> {
    const { cache, seal, ttlMs } = this.#options
    try {
      await cache.set(name, seal.seal(name, keyRecordText(record)), ttlMs)
    } catch (thrown) {
      this.#tell(thrown, record.key.id, 'API key not written to the cache')
    }
  }

  /** Which revision changed it is not known here, and a record that was read before may still be written after. */
  async #drop(id: string): Promise<void> {
    this.#note(id, Number.POSITIVE_INFINITY)
    await this.#remove(id)
  }

  async #remove(id: string): Promise<void> {
    try {
      await this.#options.cache.remove(this.#nameOf(id))
    } catch (thrown) {
      this.#tell(thrown, id, 'API key not removed from the cache')
    }
  }

  #nameOf(id: string): string {
    // Another prefix than that of the releases before, which did not sign.
    return `signed-key:${this.#series}:${id}`
  }

  /** Asked after the cache has answered: what was learnt meanwhile counts. */
  #believes(id: string, recordRevision: number): boolean {
    if (this.#told.has(id)) return false
    const from = Math.max(this.#floor, this.#forgotten.get(id) ?? 0)
    return from <= recordRevision && recordRevision <= (this.#known ?? -1)
  }

  #note(id: string, revision: number): void {
    const stale = Math.max(revision, this.#forgotten.get(id) ?? 0)
    this.#forgotten.delete(id)
    this.#forgotten.set(id, stale)
    const oldest = this.#forgotten.entries().next().value
    if (this.#forgotten.size <= FORGOTTEN_MAX || oldest === undefined) return
    // What is remembered of one key no longer is remembered for all: at worst they are asked of the database again.
    this.#forgotten.delete(oldest[0])
    const raised = Number.isFinite(oldest[1]) ? oldest[1] : (this.#known ?? 0) + 1
    this.#floor = Math.max(this.#floor, raised)
  }

  #tell(
    thrown: unknown,
    id: string,
    text: `API key not ${'read from' | 'written to' | 'removed from'} the cache`,
  ): void {
    this.#options.log.debug({ keyId: id, why: IdgenError.from(thrown).message }, text)
  }
}

/** Only ids of ours become keys of the cache. */
const KEY_ID = /^[a-z0-9]{12}$/
/** Changes of keys to remember one by one: days of ordinary work, 100 KB. */
const FORGOTTEN_MAX = 1024
