import pg from 'pg'
import { NEEDED_RIGHTS } from '../../service/adapters/postgres/needed-rights.ts'

export interface LeastRole {
  /** Of the same database, as this user. */
  readonly url: string
  readonly name: string
  /** As the owner of the tables. */
  query(statement: string): Promise<void>
  /** Before its database is dropped, after its last session. */
  drop(): Promise<void>
}

/** A user of a database whose schema is there, with exactly the rights that a running service needs. */
export async function leastRole(ownerUrl: string): Promise<LeastRole> {
  const url = new URL(ownerUrl)
  // The name of the database, which nobody else has.
  const name = url.pathname.slice(1)
  Object.assign(url, { username: name, password: 'x' })
  const owner = new pg.Client({ connectionString: ownerUrl })
  // The server may end before its last client.
  owner.on('error', () => undefined)
  await owner.connect()
  // Rights that come and go by the dozen need not outlive a crash.
  await owner.query('SET synchronous_commit TO off')
  await owner.query(`CREATE ROLE ${name} LOGIN PASSWORD 'x'`)
  for (const [table, rights] of Object.entries(NEEDED_RIGHTS))
    await owner.query(`GRANT ${rights.join(', ')} ON ${table} TO ${name}`)
  return {
    url: url.href,
    name,
    query: async (statement) => void (await owner.query(statement)),
    drop: async () => {
      await owner.query(`DROP OWNED BY ${name}`)
      await owner.query(`DROP ROLE ${name}`)
      await owner.end()
    },
  }
}
