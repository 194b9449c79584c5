import { Command, InvalidArgumentError, Option } from 'commander'
import { PostgresApiKeyStore } from '../adapters/postgres/postgres-api-key-store.ts'
import { PostgresAuditSink } from '../adapters/postgres/postgres-audit-sink.ts'
import { PostgresKeyUseStore } from '../adapters/postgres/postgres-key-use-store.ts'
import { SystemClock } from '../adapters/system/system-clock.ts'
import { SystemRandom } from '../adapters/system/system-random.ts'
import { PinoLog } from '../adapters/telemetry/pino-log.ts'
import { AuditTrail } from '../app/audit-trail.ts'
import { Authenticator } from '../app/authenticator.ts'
import { type KeyRotation, ManageKeys } from '../app/manage-keys.ts'
import { SCOPES, type Scope, type SecretToEnd } from '../ports/api-key-store.ts'
import { configOption } from './config-option.ts'
import { keyLine } from './key-line.ts'
import { withDatabase } from './with-database.ts'
import { commandChain } from './with-stores.ts'

interface CreateOptions {
  readonly config?: string
  readonly name: string
  readonly scope?: readonly Scope[]
  readonly within: string
  readonly expires?: Date
}

interface RotateOptions {
  readonly config?: string
  readonly keep: number
  readonly end?: SecretToEnd
}

export function keyCommand(): Command {
  return new Command('key')
    .description('Make, list, rotate and revoke API keys.')
    .addCommand(createCommand())
    .addCommand(rotateCommand())
    .addCommand(
      new Command('list')
        .description('Show all keys; never their secret.')
        .addOption(configOption())
        .action((options: { config?: string }) => withKeys(options.config, list)),
    )
    .addCommand(
      new Command('revoke')
        .description('Refuse a key from now on; running services follow within two seconds.')
        .argument('<id>', 'the public part: idg_<id>_…')
        .addOption(configOption())
        .action((id: string, options: { config?: string }) =>
          withKeys(options.config, (keys) => revoke(keys, id)),
        ),
    )
}

function createCommand(): Command {
  return new Command('create')
    .description('Make a key and print it; it cannot be shown again.')
    .requiredOption('-n, --name <text>', 'what it is for')
    .option('-s, --scope <scope...>', `what it may do: ${SCOPES.join(', ')} (default: issue)`, parseScope)
    .option('-w, --within <path>', 'limit it to a workspace, w/g or w/g/t', '')
    .option('-e, --expires <date>', 'last moment it works, e.g. 2027-01-31T00:00:00Z', parseDate)
    .addOption(configOption())
    .action((options: CreateOptions) => withKeys(options.config, (keys) => create(keys, options)))
}

function rotateCommand(): Command {
  return new Command('rotate')
    .description('Give a key another secret and print it; the one before stays valid for a while.')
    .argument('<id>', 'the public part: idg_<id>_…')
    .option(
      '-k, --keep <duration>',
      'how long the secret before stays valid: 0, 30m, 12h, 7d … 90d',
      parseKeep,
      DAY_MS,
    )
    .addOption(
      new Option(
        '-e, --end <secret>',
        'while two are valid: newest (its text was lost, the one in use stays) or oldest (all have changed over)',
      ).choices(['newest', 'oldest']),
    )
    .addOption(configOption())
    .action((id: string, { config, keep, end }: RotateOptions) =>
      withKeys(config, (keys) => rotate(keys, id, { keepPreviousMs: keep, ends: end })),
    )
}

async function create(keys: ManageKeys, options: CreateOptions): Promise<void> {
  const { key, text } = await keys.create(ACTOR, {
    name: options.name,
    scopes: options.scope ?? ['issue'],
    within: options.within,
    expiresAt: options.expires,
  })
  process.stderr.write(`Key ${key.id} made. Keep this text; it cannot be shown again:\n`)
  process.stdout.write(`${text}\n`)
}

async function rotate(keys: ManageKeys, id: string, rotation: KeyRotation): Promise<void> {
  const { key, text } = await keys.rotate(ACTOR, id, rotation, () => undefined)
  const until = key.previous?.until.toISOString() ?? ''
  process.stderr.write(
    `Key ${key.id} has another secret; the one before is valid until ${until}. Keep this text; it cannot be shown again:\n`,
  )
  process.stdout.write(`${text}\n`)
}

async function list(keys: ManageKeys): Promise<void> {
  let after: string | undefined
  do {
    const page = await keys.list({ after, limit: PAGE }, '')
    for (const used of page.items) process.stdout.write(`${keyLine(used, Date.now())}\n`)
    after = page.next
  } while (after !== undefined)
}

async function revoke(keys: ManageKeys, id: string): Promise<void> {
  const key = await keys.revoke(ACTOR, id)
  process.stdout.write(`${keyLine(await keys.withUse(key), Date.now())}\n`)
}

const ACTOR = { actor: 'cli', traceId: undefined }
const PAGE = 500

async function withKeys(
  configFile: string | undefined,
  work: (keys: ManageKeys) => Promise<void>,
): Promise<void> {
  await withDatabase(configFile, async (database, config) => {
    const clock = new SystemClock()
    const keys = new PostgresApiKeyStore(database)
    const log = new PinoLog('warn', {}, process.stderr)
    const audit = new AuditTrail({
      sink: new PostgresAuditSink(database),
      clock,
      log,
      queueMax: 10,
      flushEveryMs: 1000,
      chain: commandChain(config),
    })
    const authenticator = new Authenticator({
      keys,
      clock,
      enabled: true,
      adminKey: undefined,
      cacheMaxEntries: 1,
      cacheTtlMs: 0,
      graceMs: 0,
    })
    const uses = new PostgresKeyUseStore(database)
    await work(new ManageKeys({ keys, uses, authenticator, audit, clock, random: new SystemRandom() }))
    await audit.stop()
  })
}

function parseScope(value: string, before: readonly Scope[] = []): readonly Scope[] {
  const scope = SCOPES.find((known) => known === value)
  if (scope === undefined) throw new InvalidArgumentError(`It must be one of ${SCOPES.join(', ')}.`)
  return before.includes(scope) ? before : [...before, scope]
}

function parseKeep(value: string): number {
  const [, amount, unit] = /^(\d{1,9})(s|m|h|d)?$/.exec(value) ?? []
  if (amount === undefined || (unit === undefined && amount !== '0'))
    throw new InvalidArgumentError('Write a duration such as 0, 30m, 12h or 7d.')
  return Number(amount) * (UNIT_MS[unit ?? 's'] ?? 0)
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const DAY_MS = 86_400_000

function parseDate(value: string): Date {
  const date = new Date(value)
  if (Number.isNaN(date.getTime()))
    throw new InvalidArgumentError('Write a date such as 2027-01-31T00:00:00Z.')
  return date
}
