import { readFile } from 'node:fs/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { PostgresCatalogStore } from '../adapters/postgres/postgres-catalog-store.ts'
import { PostgresSegmentLedger } from '../adapters/postgres/postgres-segment-ledger.ts'
import { type AdvanceBy, type AdvancedTag, AdvanceTags } from '../app/advance-tags.ts'
import { type ImportedTag, type ImportRow, ImportTags } from '../app/import-tags.ts'
import { ManageCatalog } from '../app/manage-catalog.ts'
import { SegmentAllocator } from '../app/segment-allocator.ts'
import { SegmentWitness } from '../app/segment-witness.ts'
import { ALGORITHMS, type AlgorithmName } from '../core/algorithm.ts'
import { IdgenError } from '../core/errors.ts'
import { witnessRules } from '../open-coordinator.ts'
import { instanceName } from '../running-service.ts'
import { configOption } from './config-option.ts'
import { COMMAND_ACTOR, type CommandStores, withStores } from './with-stores.ts'

export function tagCommand(): Command {
  return new Command('tag')
    .description('Take tags over from another system, or raise what they grant next.')
    .addCommand(importCommand())
    .addCommand(advanceCommand())
}

interface ImportOptions {
  readonly config?: string
  readonly max?: string
  readonly file?: string
  readonly into?: string
  readonly margin: number
  readonly algorithm: AlgorithmName
  readonly dryRun?: boolean
  readonly json?: boolean
}

function importCommand(): Command {
  return new Command('import')
    .description('Make tags that begin above everything another system gave out. Stop that system first.')
    .argument('[tag]', 'workspace/group/tag, together with --max')
    .option('--max <number>', 'largest number the other system gave out or reserved')
    .option('--file <csv>', 'many tags: lines of name,max; - reads standard input')
    .option('--into <workspace/group>', 'where the names of --file belong')
    .option('--margin <count>', 'numbers left free above, for what is still in flight', parseCount, MARGIN)
    .addOption(new Option('--algorithm <name>', 'first choice').choices([...ALGORITHMS]).default('segment'))
    .option('--dry-run', 'check everything, make nothing')
    .option('--json', 'one JSON object per tag')
    .addOption(configOption())
    .addHelpText('after', IMPORT_HELP)
    .action(importTags)
}

const IMPORT_HELP = `
Where the maxima come from:
  Leaf      SELECT biz_tag, max_id FROM leaf_alloc
  tinyid    SELECT biz_type, max_id FROM tiny_id_info
  sequence  SELECT 'orders', last_value FROM orders_id_seq
Written as CSV, for example with psql --csv -t, then:
  idgen tag import --file maxima.csv --into shop/orders`

async function importTags(tag: string | undefined, options: ImportOptions): Promise<void> {
  const rows = await importRows(tag, options)
  const rules = {
    margin: options.margin,
    algorithm: options.algorithm,
    dryRun: options.dryRun === true,
  }
  await withStores(options.config, async (stores) => {
    const catalog = new ManageCatalog({
      catalog: new PostgresCatalogStore(stores.database),
      directory: { refresh: async () => {}, drop: async () => {} },
      audit: stores.audit,
    })
    await new ImportTags(catalog).import(COMMAND_ACTOR, rows, rules, (done) =>
      process.stdout.write(`${options.json === true ? JSON.stringify(done) : importLine(done)}\n`),
    )
  })
}

function importLine({ path, startAt, outcome }: ImportedTag): string {
  return `${outcome.padEnd(8)} ${path.padEnd(40)} begins at ${startAt}`
}

async function importRows(tag: string | undefined, options: ImportOptions): Promise<ImportRow[]> {
  if ((tag === undefined) === (options.file === undefined))
    throw usage('Name one tag with --max, or give many with --file.')
  if (tag !== undefined) {
    if (options.max === undefined) throw usage('--max is missing: the largest number given out so far.')
    return [{ path: tag, max: options.max }]
  }
  if (options.into === undefined) throw usage('--into is missing: the workspace/group of the names.')
  const text = await readFile(options.file === '-' ? '/dev/stdin' : (options.file ?? ''), 'utf8').catch(
    (error: unknown) => {
      throw usage(`--file cannot be read: ${String(error)}`)
    },
  )
  return csvRows(text, options.into)
}

/** Two columns without quotes; a first line whose second column is no number is a heading. */
function csvRows(text: string, into: string): ImportRow[] {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  const heading = /^[^,]*,\s*[^0-9\s]/.test(lines[0] ?? '') ? 1 : 0
  return lines.slice(heading).map((line) => {
    const [name = '', max = '', ...rest] = line.split(',').map((part) => part.trim())
    if (rest.length > 0) throw usage(`"${line}" is not name,max.`)
    return { path: `${into}/${name}`, max }
  })
}

interface AdvanceOptions {
  readonly config?: string
  readonly all?: boolean
  readonly to?: number
  readonly by?: number
  readonly json?: boolean
}

function advanceCommand(): Command {
  return new Command('advance')
    .description(
      'Grant nothing below a number any more: after a backup was restored without etcd, or when numbers were given out elsewhere.',
    )
    .argument('[tag]', 'workspace/group/tag')
    .option('--all', 'every tag')
    .option('--to <number>', 'first number that may be granted', parseCount)
    .option('--by <count>', 'numbers to leave out', parseCount)
    .option('--json', 'one JSON object per tag and data centre')
    .addOption(configOption())
    .action(advance)
}

async function advance(tag: string | undefined, options: AdvanceOptions): Promise<void> {
  const how = advanceBy(options)
  if ((tag === undefined) !== (options.all === true)) throw usage('Name one tag, or give --all.')
  await withStores(options.config, async (stores) => {
    const tags = new AdvanceTags({
      catalog: new PostgresCatalogStore(stores.database),
      allocator: allocatorOf(stores),
      audit: stores.audit,
    })
    const show = (done: AdvancedTag): void => {
      const { path, dc, nextValue } = done
      const text = `${path.padEnd(40)} dc ${dc} grants from ${nextValue}`
      process.stdout.write(`${options.json === true ? JSON.stringify(done) : text}\n`)
    }
    if (tag === undefined) await tags.advanceAll(COMMAND_ACTOR, how, show)
    else await tags.advance(COMMAND_ACTOR, tag, how, show)
  })
}

function advanceBy({ to, by }: AdvanceOptions): AdvanceBy {
  if (to !== undefined && by === undefined) return { to }
  if (by !== undefined && to === undefined) return { by }
  throw usage('Give either --to or --by.')
}

function allocatorOf({ config, database, coordinator, clock }: CommandStores): SegmentAllocator {
  const history = coordinator !== undefined
  const ledger = new PostgresSegmentLedger(database, { instance: instanceName(config), history })
  return new SegmentAllocator({
    ledger,
    rules: witnessRules(config),
    ...(coordinator === undefined
      ? {}
      : { witness: new SegmentWitness({ coordinator, clock, deadlineMs: config.witness.deadline }) }),
  })
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(count))
    throw new InvalidArgumentError('It must be an integer from 0 to 2^53 - 1.')
  return count
}

function usage(message: string): IdgenError {
  return new IdgenError('IDGEN_REQUEST_INVALID', message)
}

/** More than any of the old systems reserves ahead at once; a gap this small in 2^53 costs nothing. */
const MARGIN = 1_000_000
