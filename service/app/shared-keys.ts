import { IdgenError } from '../core/errors.ts'
import type { ApiKey, ApiKeyStore } from '../ports/api-key-store.ts'
import type { Page, PageRequest } from '../ports/catalog-store.ts'
import type { Log } from '../ports/log.ts'
import type { RecordCache } from '../ports/record-cache.ts'
import { keyRecordText, parseKeyRecord } from './key-record.ts'

export interface SharedKeysOptions {
  readonly keys: ApiKeyStore
  readonly cache: RecordCache
  /**
   * Names the database as it runs now, another one after every start and failover: revisions count changes of one
   * database, and those of a copy or of a lost history must not be compared with them.
   */
  readonly database: string
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
 * Revisions, not times: a process that was stopped for an hour may write its record when it wakes up.
 */
export class SharedKeys implements ApiKeyStore {
  hits = 0
  misses = 0
  readonly #options: SharedKeysOptions
  /** Key id → revision below which its records are stale, oldest entry first. */
  readonly #forgotten = new Map<string, number>()
  /** Records below it are stale, whatever key they are of. */
  #floor = 0
  /** Up to here this process knows all changes; undefined before it knows any. */
  #known: number | undefined
  #highest = 0

  constructor(options: SharedKeysOptions) {
    this.#options = options
  }

  async find(id: string): Promise<ApiKey | undefined> {
    const revision = this.#known
    if (revision === undefined || !KEY_ID.test(id)) return await this.#options.keys.find(id)
    const cached = await this.#read(id)
    if (cached !== undefined) {
      this.hits += 1
      return cached
    }
    this.misses += 1
    const key = await this.#options.keys.find(id)
    // Not waited for: the caller has its answer. Ids that do not exist are not cached, or anybody could fill the cache.
    if (key !== undefined) void this.#write(key, revision)
    return key
  }

  async create(key: ApiKey): Promise<void> {
    await this.#options.keys.create(key)
    await this.#remove(key.id)
  }

  list(page: PageRequest): Promise<Page<ApiKey>> {
    return this.#options.keys.list(page)
  }

  async revoke(id: string, at: Date): Promise<ApiKey> {
    const key = await this.#options.keys.revoke(id, at)
    // Which revision that was is not known here, and a record that was read before may still be written after.
    this.#note(id, Number.POSITIVE_INFINITY)
    await this.#remove(id)
    return key
  }

  /**
   * These keys, and no others, changed between the revision of the last call and this one. Call before the process acts
   * on it. A lower revision says that the database lost changes, the first call from where on changes are known.
   */
  learnt(revision: number, changed: readonly string[]): void {
    const first = this.#known === undefined
    if (first) this.#floor = revision
    // A restored database counts from an earlier revision again: records of the lost history must not match.
    else if (revision < (this.#known ?? 0)) this.#floor = Math.max(this.#floor, this.#highest + 1)
    this.#highest = Math.max(this.#highest, revision)
    if (!first) for (const id of changed) this.#note(id, revision)
    this.#known = revision
  }

  async #read(id: string): Promise<ApiKey | undefined> {
    try {
      const text = await this.#options.cache.get(this.#cacheKey(id))
      const record = text === undefined ? undefined : parseKeyRecord(id, text)
      if (record === undefined || !this.#believes(id, record.revision)) return undefined
      return record.key
    } catch (thrown) {
      this.#tell(thrown, id, 'API key not read from the cache')
      return undefined
    }
  }

  async #write(key: ApiKey, revision: number): Promise<void> {
    try {
      await this.#options.cache.set(
        this.#cacheKey(key.id),
        keyRecordText({ key, revision }),
        this.#options.ttlMs,
      )
    } catch (thrown) {
      this.#tell(thrown, key.id, 'API key not written to the cache')
    }
  }

  async #remove(id: string): Promise<void> {
    try {
      await this.#options.cache.remove(this.#cacheKey(id))
    } catch (thrown) {
      this.#tell(thrown, id, 'API key not removed from the cache')
    }
  }

  /** Asked after the cache has answered: what was learnt meanwhile counts. */
  #believes(id: string, recordRevision: number): boolean {
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
    const raised = Number.isFinite(oldest[1]) ? oldest[1] : this.#highest + 1
    this.#floor = Math.max(this.#floor, raised)
  }

  #tell(thrown: unknown, id: string, text: string): void {
    this.#options.log.debug({ keyId: id, why: IdgenError.from(thrown).message }, text)
  }

  #cacheKey(id: string): string {
    return `key:${this.#options.database}:${id}`
  }
}

/** Only ids of ours become keys of the cache. */
const KEY_ID = /^[a-z0-9]{12}$/
/** Changes of keys to remember one by one: days of ordinary work, 100 KB. */
const FORGOTTEN_MAX = 1024
