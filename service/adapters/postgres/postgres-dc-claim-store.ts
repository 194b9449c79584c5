import { type SelectQueryBuilder, sql } from 'kysely'
import { invariant } from '../../core/invariant.ts'
import type { DcClaim, DcClaimStore } from '../../ports/dc-claim-store.ts'
import type { PostgresDatabase } from './database.ts'
import type { DcClaimsTable, Tables } from './tables.ts'

/** The claims of the table dc_claims: a row per data centre that ever ran on this database. */
export class PostgresDcClaimStore implements DcClaimStore {
  readonly #database: PostgresDatabase

  constructor(database: PostgresDatabase) {
    this.#database = database
  }

  async list(): Promise<readonly DcClaim[]> {
    const rows = await this.#database.read('listing the claims of data centres', this.#all().orderBy('dc'))
    return rows.map(claimOf)
  }

  async find(dc: number): Promise<DcClaim | undefined> {
    const query = this.#all().where('dc', '=', dc)
    const [row] = await this.#database.read('reading the claim of a data centre', query)
    return row === undefined ? undefined : claimOf(row)
  }

  async claim(dc: number, installation: string, claimedBy: string): Promise<DcClaim> {
    return await this.#database.transaction('claiming a data centre', async (session) => {
      await session.write(this.#insert(dc, installation, claimedBy))
      const row = await session.first(this.#all().where('dc', '=', dc))
      invariant(row !== undefined, 'the claim was just made, and claims are never deleted')
      return claimOf(row)
    })
  }

  async move(
    dc: number,
    before: string | undefined,
    installation: string,
    claimedBy: string,
  ): Promise<boolean> {
    return await this.#database.transaction('moving a data centre', async (session) => {
      const found = await session.first(this.#all().where('dc', '=', dc).forUpdate())
      if (found?.installation === installation) return true
      if (found?.installation !== before) return false
      if (found === undefined) return (await session.write(this.#insert(dc, installation, claimedBy))) === 1
      const moved = this.#database.kysely
        .updateTable('dc_claims')
        .set({ installation, claimed_by: claimedBy, claimed_at: CLOCK })
        .where('dc', '=', dc)
      return (await session.write(moved)) === 1
    })
  }

  #all(): SelectQueryBuilder<Tables, 'dc_claims', Row> {
    return this.#database.kysely
      .selectFrom('dc_claims')
      .select(['dc', 'installation', 'claimed_by', 'claimed_at'])
  }

  #insert(dc: number, installation: string, claimedBy: string) {
    return this.#database.kysely
      .insertInto('dc_claims')
      .values({ dc, installation, claimed_by: claimedBy })
      .onConflict((conflict) => conflict.column('dc').doNothing())
  }
}

type Row = Omit<DcClaimsTable, 'claimed_at'> & { readonly claimed_at: Date }

function claimOf({ dc, installation, claimed_by, claimed_at }: Row): DcClaim {
  return { dc, installation, claimedBy: claimed_by, claimedAt: claimed_at }
}

const CLOCK = sql<Date>`clock_timestamp()`
