import { Command, InvalidArgumentError, Option } from 'commander'
import { PostgresSegmentLedger } from '../adapters/postgres/postgres-segment-ledger.ts'
import { PostgresTimeCopyStore } from '../adapters/postgres/postgres-time-copy-store.ts'
import { SystemRandom } from '../adapters/system/system-random.ts'
import type { Actor } from '../app/actor.ts'
import { LeaveWitness } from '../app/leave-witness.ts'
import { switchAll } from '../app/switch-all.ts'
import { SwitchCoordination, type SwitchReport } from '../app/switch-coordination.ts'
import type { CoordinationStatus, GrantingStore } from '../app/switch-plan.ts'
import { tellReach } from '../app/tell-reach.ts'
import { IdgenError } from '../core/errors.ts'
import { instanceName } from '../instance-name.ts'
import { configOption } from './config-option.ts'
import { COMMAND_ACTOR, type CommandStores, withStores } from './with-stores.ts'

interface StatusOptions {
  readonly config?: string
  readonly dc?: number
  readonly json?: boolean
}

interface SwitchOptions extends StatusOptions {
  readonly to: GrantingStore
  readonly force?: boolean
  readonly dryRun?: boolean
}

export function coordinationCommand(): Command {
  return new Command('coordination')
    .description('Show or move who grants worker ids and their time: etcd or PostgreSQL.')
    .addCommand(statusCommand())
    .addCommand(switchCommand())
}

function statusCommand(): Command {
  return new Command('status')
    .description('Show for every data centre which store grants, and who holds worker ids.')
    .option('--dc <number>', 'only this data centre', parseDc)
    .option('--json', 'one JSON object per data centre')
    .addOption(configOption())
    .action(showStatus)
}

function switchCommand(): Command {
  return new Command('switch')
    .description('Move the right to grant time between etcd and PostgreSQL, with every time that was used.')
    .addOption(new Option('--to <store>', 'who grants from now on').choices(STORES).makeOptionMandatory())
    .option('--dc <number>', 'data centre (default: the configured one)', parseDc)
    .option('--force', 'also while processes hold worker ids; their holds end at once')
    .option('--dry-run', 'show what is there and check everything, change nothing')
    .option('--json', 'print the report as JSON; progress goes to standard error')
    .addOption(configOption())
    .addHelpText('after', SWITCH_HELP)
    .action(switchStore)
}

const SWITCH_HELP = `
etcd.endpoints must name etcd for this command in both directions. The order:
  1. Stop the processes of the data centre (or use --force: they issue snowflake IDs for one
     snowflake.window at most, 30 s unless it was set).
  2. Run the switch. Interrupted at any point it changes nothing for the worse: run it again.
  3. Start the processes: with etcd.endpoints for etcd, without it for postgres.
Processes configured otherwise get no worker id and say IDGEN_COORDINATION_MISMATCH.`

async function showStatus(options: StatusOptions): Promise<void> {
  await withStores(options.config, async (stores) => {
    const tool = newTool(stores)
    const dcs = options.dc === undefined ? ALL_DCS : [options.dc]
    let shown = 0
    for (const dc of dcs) {
      const status = await tool.status(dc)
      if (status.database === undefined && status.etcd === undefined && options.dc === undefined) continue
      shown += 1
      const text = options.json === true ? JSON.stringify(asJson(status)) : describe(status).join('\n')
      process.stdout.write(`${text}\n`)
    }
    if (shown === 0 && options.json !== true) process.stdout.write('No data centre has granted time yet.\n')
  })
}

async function switchStore(options: SwitchOptions): Promise<void> {
  await withStores(options.config, async (stores) => {
    const dc = options.dc ?? stores.config.datacenter.id
    const { to, force = false, dryRun = false } = options
    const parts = {
      time: newTool(stores),
      leaveWitness: (actor: Actor, left: number) => leaveWitness(stores, actor, left),
      joinWitness: () => joinWitness(stores),
    }
    const report = await switchAll(parts, COMMAND_ACTOR, { dc, to, force, dryRun })
    const { before, ...done } = report
    if (options.json === true)
      process.stdout.write(`${JSON.stringify({ ...done, before: asJson(before) })}\n`)
    else process.stdout.write(`${['Before:', ...describe(before), outcomeLine(report)].join('\n')}\n`)
  })
}

async function leaveWitness(
  { config, database, coordinator, audit, sync }: CommandStores,
  actor: Actor,
  dc: number,
): Promise<number> {
  if (coordinator === undefined || sync === undefined) return 0
  // As a process with etcd: where that still grants, one without is refused.
  const ledger = new PostgresSegmentLedger(database, { instance: instanceName(config), history: true })
  const tags = await new LeaveWitness({ ledger, coordinator, audit, sync }).run(actor, dc)
  process.stderr.write(`  numbers of ${tags} tags need etcd no more\n`)
  return tags
}

/** Other data centres may delete tags from now on: etcd must know how far this database got with them. */
async function joinWitness({ catalog, coordinator }: CommandStores): Promise<void> {
  if (coordinator === undefined) return
  const tags = await tellReach({ catalog, coordinator })
  process.stderr.write(`  etcd was told how far ${tags} tags got\n`)
}

function newTool({ database, coordinator, audit }: CommandStores): SwitchCoordination {
  if (coordinator === undefined)
    throw new IdgenError(
      'IDGEN_CONFIG_INVALID',
      'etcd.endpoints is empty: this command needs both etcd and PostgreSQL. Set it for the command, for example with IDGEN_ETCD_ENDPOINTS.',
    )
  return new SwitchCoordination({
    coordinator,
    database: new PostgresTimeCopyStore(database),
    audit,
    random: new SystemRandom(),
    onStep: (step) => process.stderr.write(`  ${step}\n`),
  })
}

function describe(status: CoordinationStatus): string[] {
  const { dc, database, etcd, etcdHolders, untilMs, unreadable } = status
  const holders = [...(database?.holders ?? []), ...etcdHolders]
  const furthest = Math.max(0, ...untilMs.values())
  return [
    `data centre ${dc}`,
    `  PostgreSQL says  ${database?.store ?? 'nothing'}`,
    `  etcd says        ${etcd?.authority?.store ?? etcd?.text.slice(0, TEXT_MAX) ?? 'nothing'}`,
    `  layout           ${status.layoutHash || 'none yet'}`,
    `  worker ids       ${untilMs.size} used${furthest === 0 ? '' : `, granted up to ${new Date(furthest).toISOString()}`}`,
    ...holders.map(({ worker, holder }) => `  held             ${worker} by ${holder}`),
    ...unreadable.map((key) => `  unreadable       ${key}`),
  ]
}

function outcomeLine({ dc, to, outcome }: SwitchReport): string {
  const start = `Start the processes of data centre ${dc} ${to === 'etcd' ? 'with' : 'without'} etcd.endpoints.`
  switch (outcome) {
    case 'planned':
      return `Dry run: ${to} would grant the time of data centre ${dc} afterwards. Nothing was changed.`
    case 'already':
      return `${to} grants the time of data centre ${dc} already. Nothing was changed.`
    case 'unused':
      return `Data centre ${dc} has granted no time yet: there is nothing to move. ${start}`
    case 'finished':
      return `An interrupted switch was finished: ${to} grants the time of data centre ${dc}. ${start}`
    case 'switched':
      return `${to} grants the time of data centre ${dc} from now on. ${start}`
  }
}

function asJson({ untilMs, etcdUntilMs, ...status }: CoordinationStatus): object {
  return { ...status, untilMs: Object.fromEntries(untilMs), etcdUntilMs: Object.fromEntries(etcdUntilMs) }
}

function parseDc(value: string): number {
  const dc = ALL_DCS.find((known) => String(known) === value)
  if (dc === undefined) throw new InvalidArgumentError('It must be a number from 0 to 7.')
  return dc
}

const STORES = ['etcd', 'postgres']
/** 3 bits of the snowflake layout (R-1.3.3). */
const ALL_DCS = [0, 1, 2, 3, 4, 5, 6, 7]
const TEXT_MAX = 200
