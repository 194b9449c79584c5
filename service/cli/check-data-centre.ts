import type { PostgresDatabase } from '../adapters/postgres/database.ts'
import { PostgresDcClaimStore } from '../adapters/postgres/postgres-dc-claim-store.ts'
import { PostgresTimeCopyStore } from '../adapters/postgres/postgres-time-copy-store.ts'
import { PinoLog } from '../adapters/telemetry/pino-log.ts'
import { type ClaimPlace, claimedByOther, readClaim } from '../app/dc-claim-record.ts'
import { authorityOf, checkAuthority } from '../app/time-authority.ts'
import type { Config } from '../config/keys.ts'
import { authorityKey, dcClaimKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import type { Finding } from '../core/finding.ts'
import { layoutHash, snowflakeLayout } from '../core/snowflake-layout.ts'
import { openCoordinator } from '../open-coordinator.ts'
import { installationOf } from '../open-store.ts'
import type { DcClaim } from '../ports/dc-claim-store.ts'
import type { TimeAuthority } from '../ports/time-copy-store.ts'
import { check } from './findings.ts'

/** Whose the data centre is, and who grants its time, by the database and by etcd: what a service asks at its start. */
export async function checkDataCentre(
  findings: Finding[],
  database: PostgresDatabase,
  config: Config,
): Promise<void> {
  const { id: dc } = config.datacenter
  const etcd = await recordsInEtcd(config)
  const tell = (found: string): string => found
  await check(findings, {
    what: 'data centre',
    ask: () => requireOurs(database, config, etcd?.claim),
    tell,
    todo: 'Give this installation another datacenter.id, or move it: docs/data-centres.md.',
  })
  const standing = await new PostgresTimeCopyStore(database).standing(dc)
  await check(findings, {
    what: 'time grants',
    ask: () => requireAuthority(config, standing, etcd),
    tell,
    todo: 'Configure the store that is named, or move time grants with "idgen coordination switch".',
  })
}

/** What etcd says of a data centre. */
interface EtcdRecords {
  readonly claim: DcClaim | undefined
  /** undefined: there is no record. */
  readonly authority: string | undefined
}

/** undefined: no etcd is configured, or it is away, which is a finding of its own. */
async function recordsInEtcd(config: Config): Promise<EtcdRecords | undefined> {
  const coordinator = await openCoordinator(config, new PinoLog('silent', {}, process.stderr))
  if (coordinator === undefined) return undefined
  const { id: dc } = config.datacenter
  try {
    const claim = await coordinator.get(dcClaimKey(dc))
    const authority = await coordinator.get(authorityKey(dc))
    return { claim: claim && readClaim(dc, claim.value), authority: authority?.value }
  } catch {
    return undefined
  } finally {
    await coordinator.close()
  }
}

async function requireOurs(
  database: PostgresDatabase,
  config: Config,
  inEtcd: DcClaim | undefined,
): Promise<string> {
  const { id: dc } = config.datacenter
  const installation = await installationOf(config, database)
  const inDatabase = await new PostgresDcClaimStore(database).find(dc)
  const claims: readonly (readonly [ClaimPlace, DcClaim | undefined])[] = [
    ['etcd', inEtcd],
    ['the database', inDatabase],
  ]
  for (const [place, claim] of claims)
    if (claim !== undefined && claim.installation !== installation)
      throw claimedByOther(place, claim, installation)
  if (inDatabase === undefined) return `${dc}, which nobody has claimed in the database`
  return `${dc}, claimed by this installation (${installation})`
}

function requireAuthority(
  config: Config,
  standing: TimeAuthority | undefined,
  etcd: EtcdRecords | undefined,
): string {
  const { id: dc } = config.datacenter
  const store = config.etcd.endpoints === '' ? 'postgres' : 'etcd'
  const wanted = { store, layoutHash: layoutHash(snowflakeLayout(config.snowflake.epoch)) } as const
  if (standing !== undefined) checkAuthority(dc, standing, wanted, 'PostgreSQL')
  if (etcd?.authority !== undefined)
    checkAuthority(dc, authorityOf(dc, etcd.authority).authority, wanted, 'etcd')
  if (standing?.store === 'etcd' && etcd !== undefined && etcd.authority === undefined)
    throw otherEtcd(config)
  const name = store === 'etcd' ? 'etcd' : 'PostgreSQL'
  return standing === undefined ? `nobody has granted any; ${name} would` : `by ${name}`
}

/** PostgreSQL remembers an etcd that granted here, and this one knows nothing of it. */
function otherEtcd({ datacenter, etcd }: Config): IdgenError {
  return new IdgenError(
    'IDGEN_COORDINATION_MISMATCH',
    `PostgreSQL says that etcd grants the time of data centre ${datacenter.id}, and the configured etcd has no record of it below ${etcd.prefix}: it is another etcd, another etcd.prefix, or an etcd that lost its data. Processes of one data centre must all use the same one.`,
  )
}
