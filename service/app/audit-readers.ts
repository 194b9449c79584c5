import { IdgenError } from '../core/errors.ts'
import type { AuditQuery, FoundRecord } from '../ports/audit-query.ts'
import type { AuditReads } from './audit-reads.ts'
import { Turns } from './turns.ts'

/**
 * The audit log for those who read it, a few at a time: a filter that hardly any record fits reads the log for seconds, and
 * the connections for that are those that allocations need. What they read is written down.
 */
export class AuditReaders {
  readonly #query: AuditQuery
  readonly #reads: Pick<AuditReads, 'note'>
  readonly #turns = new Turns(READ_AT_ONCE_MAX)
  #reading = 0

  constructor(query: AuditQuery, reads: Pick<AuditReads, 'note'>) {
    this.#query = query
    this.#reads = reads
  }

  /** The log for one key. Its `find` throws IDGEN_OVERLOADED, or as the query it asks. */
  readBy(keyId: string): AuditQuery {
    return {
      find: async (filter, ...page) => {
        const found = await this.#find(filter, ...page)
        this.#reads.note(keyId, filter, found.length)
        return found
      },
    }
  }

  async #find(...question: Parameters<AuditQuery['find']>): Promise<readonly FoundRecord[]> {
    if (this.#reading >= READERS_MAX)
      throw new IdgenError(
        'IDGEN_OVERLOADED',
        `${this.#reading} requests read the audit log already; try again.`,
        { retryAfterMs: 1000 },
      )
    this.#reading += 1
    try {
      return await this.#turns.run(() => this.#query.find(...question))
    } finally {
      this.#reading -= 1
    }
  }
}

/** Of the 100 connections of a process; who looks into the log is a person or an export. */
const READ_AT_ONCE_MAX = 4
/** Reading or waiting for a turn. */
const READERS_MAX = 32
