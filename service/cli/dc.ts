import { Command, InvalidArgumentError } from 'commander'
import { PostgresDcClaimStore } from '../adapters/postgres/postgres-dc-claim-store.ts'
import { DcClaimMove, type MovedDc } from '../app/dc-claim-move.ts'
import { readClaim } from '../app/dc-claim-record.ts'
import { DC_CLAIMS } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import { DC_COUNT_MAX } from '../core/snowflake-layout.ts'
import { instanceName } from '../instance-name.ts'
import { installationOf } from '../open-store.ts'
import type { DcClaim } from '../ports/dc-claim-store.ts'
import { configOption } from './config-option.ts'
import { COMMAND_ACTOR, type CommandStores, withStores } from './with-stores.ts'

export function dcCommand(): Command {
  return new Command('dc')
    .description('Look at the data centres and who runs them, or take one over.')
    .addCommand(listCommand())
    .addCommand(claimCommand())
}

function listCommand(): Command {
  return new Command('list')
    .description('Print which installation runs which data centre, by the database and by etcd.')
    .option('--json', 'one JSON object')
    .addOption(configOption())
    .action(list)
}

interface ListOptions {
  readonly config?: string
  readonly json?: boolean
}

/** One data centre that somebody claimed. */
interface Row {
  readonly dc: number
  readonly database: DcClaim | null
  readonly etcd: DcClaim | null
}

async function list(options: ListOptions): Promise<void> {
  await withStores(options.config, async (stores) => {
    const installation = await installationOf(stores.config, stores.database)
    const dc = stores.config.datacenter.id
    const etcd = await claimsInEtcd(stores)
    const rows = rowsOf(await new PostgresDcClaimStore(stores.database).list(), etcd.claims)
    if (options.json === true)
      process.stdout.write(`${JSON.stringify({ installation, dc, etcd: etcd.state, claims: rows })}\n`)
    else process.stdout.write(tableOf(rows, installation, dc, etcd.state))
  })
}

interface EtcdClaims {
  readonly claims: readonly DcClaim[]
  /** 'ok', 'none' where no etcd is configured, or why it does not answer. */
  readonly state: string
}

async function claimsInEtcd({ coordinator }: CommandStores): Promise<EtcdClaims> {
  if (coordinator === undefined) return { claims: [], state: 'none' }
  try {
    const { entries } = await coordinator.list(DC_CLAIMS)
    const claims = entries.map(({ key, value }) => readClaim(Number(key.slice(DC_CLAIMS.length)), value))
    return { claims, state: 'ok' }
  } catch (thrown) {
    return { claims: [], state: IdgenError.from(thrown).message }
  }
}

function rowsOf(database: readonly DcClaim[], etcd: readonly DcClaim[]): Row[] {
  const dcs = [...new Set([...database, ...etcd].map(({ dc }) => dc))].sort((a, b) => a - b)
  const find = (claims: readonly DcClaim[], dc: number): DcClaim | null =>
    claims.find((claim) => claim.dc === dc) ?? null
  return dcs.map((dc) => ({ dc, database: find(database, dc), etcd: find(etcd, dc) }))
}

function tableOf(rows: readonly Row[], installation: string, dc: number, etcdState: string): string {
  const lines = [['dc', 'in the database', 'in etcd', 'claimed by'].map(padded).join(' ').trimEnd()]
  for (const { dc: number, database, etcd } of rows) {
    const by = etcd?.claimedBy ?? database?.claimedBy ?? ''
    const cells = [String(number), database?.installation ?? '-', etcd?.installation ?? '-', by]
    lines.push(cells.map(padded).join(' ').trimEnd())
  }
  lines.push('', `This installation is ${installation}, configured as data centre ${dc}.`)
  if (etcdState !== 'ok')
    lines.push(etcdState === 'none' ? 'No etcd is configured.' : `etcd does not answer: ${etcdState}`)
  return `${lines.join('\n')}\n`
}

function padded(text: string, column: number): string {
  return text.padEnd([3, 38, 38, 0][column] ?? 0)
}

interface ClaimOptions {
  readonly config?: string
  readonly dc?: number
  readonly force?: boolean
  readonly json?: boolean
}

function claimCommand(): Command {
  return new Command('claim')
    .description(
      'Give the number of a data centre to this installation; `idgen serve` does it where it is free.',
    )
    .option('--dc <number>', `0 to ${DC_COUNT_MAX - 1}; default: datacenter.id`, parseDc)
    .option('--force', 'also where another installation has it')
    .option('--json', 'one JSON object')
    .addOption(configOption())
    .addHelpText('after', CLAIM_HELP)
    .action(claim)
}

const CONDITIONS = `\
The installation that had the number must be stopped for good, not paused and not cut off: processes of it
that still run go on with what they were granted. They are told, and are granted nothing more, only while
they reach a store that says so. Without an etcd in common numbers may repeat unless this installation uses
the same database, or its tags are raised above what the other one gave out (idgen tag advance).`

const CLAIM_HELP = `
Before --force:
${CONDITIONS}`

async function claim(options: ClaimOptions): Promise<void> {
  // Where the number comes from etcd and etcd's settings are bad, the default would be somebody else's.
  if (options.force === true && options.dc === undefined)
    throw new IdgenError('IDGEN_REQUEST_INVALID', 'With --force name the data centre: --dc <number>.')
  await withStores(options.config, async ({ config, database, coordinator, audit, clock }) => {
    const move = new DcClaimMove({
      store: new PostgresDcClaimStore(database),
      coordinator,
      audit,
      clock,
      installation: await installationOf(config, database),
      instance: instanceName(config),
    })
    const moved = await move.claim(COMMAND_ACTOR, options.dc ?? config.datacenter.id, options.force === true)
    const before = othersOf(moved)
    if (before.length > 0) process.stderr.write(`Taken from ${before.join(' and ')}.\n${CONDITIONS}\n`)
    process.stdout.write(`${options.json === true ? JSON.stringify(moved) : claimLine(moved)}\n`)
  })
}

/** The installations that had it. */
function othersOf({ before, installation }: MovedDc): string[] {
  const names = [before.etcd?.installation, before.database?.installation]
  return [...new Set(names)].filter((name) => name !== undefined && name !== installation).map(String)
}

function claimLine({ dc, installation, changed }: MovedDc): string {
  return `Data centre ${dc} ${changed ? 'now belongs' : 'belonged already'} to this installation, ${installation}.`
}

function parseDc(text: string): number {
  const dc = Number(text)
  if (!/^[0-9]$/.test(text) || dc >= DC_COUNT_MAX)
    throw new InvalidArgumentError(`It must be an integer from 0 to ${DC_COUNT_MAX - 1}.`)
  return dc
}
