import type { PostgresDatabase } from '../adapters/postgres/database.ts'
import { PostgresDcClaimStore } from '../adapters/postgres/postgres-dc-claim-store.ts'
import { claimedByOther } from '../app/dc-claim-record.ts'
import type { Config } from '../config/keys.ts'
import { installationOf } from '../open-store.ts'
import { check, type Finding } from './findings.ts'

/** Whose the data centre is, by the database; etcd's claim is asked for when a service starts. */
export async function checkDataCentre(
  findings: Finding[],
  database: PostgresDatabase,
  config: Config,
): Promise<void> {
  await check(
    findings,
    'data centre',
    () => requireOurs(database, config),
    (found) => found,
  )
}

async function requireOurs(database: PostgresDatabase, config: Config): Promise<string> {
  const { id: dc } = config.datacenter
  const installation = await installationOf(config, database)
  const claim = await new PostgresDcClaimStore(database).find(dc)
  if (claim === undefined) return `${dc}, which nobody has claimed in the database`
  if (claim.installation !== installation) throw claimedByOther('the database', claim, installation)
  return `${dc}, claimed by this installation (${installation})`
}
