import { createReadStream } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { PostgresSegmentLedger } from '../adapters/postgres/postgres-segment-ledger.ts'
import { type AdvanceBy, type AdvancedTag, AdvanceTags } from '../app/advance-tags.ts'
import { readImportCsv } from '../app/import-csv.ts'
import { readMysqlDump } from '../app/import-mysql-dump.ts'
import { type ImportedTag, type ImportRow, ImportTags } from '../app/import-tags.ts'
import { ManageCatalog } from '../app/manage-catalog.ts'
import { SegmentAllocator } from '../app/segment-allocator.ts'
import { SegmentWitness } from '../app/segment-witness.ts'
import { ALGORITHMS, type AlgorithmName } from '../core/algorithm.ts'
import { IdgenError } from '../core/errors.ts'
import { instanceName } from '../instance-name.ts'
import { witnessRules } from '../open-coordinator.ts'
import { configOption } from './config-option.ts'
import { releaseCommand } from './tag-release.ts'
import { COMMAND_ACTOR, type CommandStores, withStores } from './with-stores.ts'

export function tagCommand(): Command {
  return new Command('tag')
    .description(
      'Take tags over from another system, raise what they grant next, or free them of their BizTag.',
    )
    .addCommand(importCommand())
    .addCommand(advanceCommand())
    .addCommand(releaseCommand())
}

interface ImportOptions {
  readonly config?: string
  readonly max?: string
  readonly file?: string
  readonly fromMysqlDump?: string
  readonly into?: string
  readonly margin: number
  readonly algorithm: AlgorithmName
  readonly chain?: readonly AlgorithmName[]
  readonly dryRun?: boolean
  readonly json?: boolean
}

function importCommand(): Command {
  return new Command('import')
    .description(
      'Make tags that begin above everything another system gave out, in all data centres. Stop that system for good first: numbers it gives out later are given out here as well.',
    )
    .argument('[tag]', 'workspace/group/tag, together with --max')
    .option('--max <number>', 'largest number the other system gave out or reserved')
    .option('--file <csv>', 'many tags: lines of name,max, with or without a heading; - reads standard input')
    .option(
      '--from-mysql-dump <sql>',
      'many tags: a dump of leaf_alloc (Leaf) or tiny_id_info (tinyid), made after that system has stopped; - reads standard input',
    )
    .option('--into <workspace/group>', 'where the names of --file or of the dump belong')
    .option('--margin <count>', 'numbers left free above, for what is still in flight', parseCount, MARGIN)
    .addOption(
      new Option('--algorithm <name>', 'first choice; the tag degrades to those after it')
        .choices([...ALGORITHMS])
        .default('segment'),
    )
    .addOption(
      new Option(
        '--chain <names>',
        'these alone, separated by commas: segment degrades to nothing. Without snowflake the tag takes none later either',
      )
        .argParser(parseChain)
        .conflicts('algorithm'),
    )
    .option('--dry-run', 'check everything, make nothing')
    .option('--json', 'one JSON object per tag')
    .addOption(configOption())
    .addHelpText('after', IMPORT_HELP)
    .action(importTags)
}

const IMPORT_HELP = `
Examples:
  idgen tag import shop/orders/invoice --max 48211903 --dry-run
  idgen tag import --file maxima.csv --into shop/orders
  idgen tag import shop/orders/flakes --max 1 --chain segment
  mysqldump leaf leaf_alloc | idgen tag import --from-mysql-dump - --into shop/orders

Where the maxima come from, once the old system has stopped:
  Leaf      SELECT biz_tag, max_id FROM leaf_alloc
  tinyid    SELECT biz_type, max_id FROM tiny_id_info
  sequence  SELECT 'orders', last_value FROM orders_id_seq
psql --csv -t and mysql --batch (tabs to commas) write them as lines of name,max.

All lines are checked before the first tag is made. An import that was interrupted is repeated as it was: tags that are
there and begin high enough are left. Workspaces and groups are made where they are missing. With etcd configured the
numbers are claimed there first. Maxima of 2^53 and more need a UUID algorithm: snowflakes begin at 2^53.`

async function importTags(tag: string | undefined, options: ImportOptions): Promise<void> {
  const rows = await importRows(tag, options)
  const { chain } = options
  const rules = {
    margin: options.margin,
    algorithm: chain?.[0] ?? options.algorithm,
    ...(chain === undefined ? {} : { chain }),
    dryRun: options.dryRun === true,
  }
  await withStores(options.config, async (stores) => {
    const catalog = new ManageCatalog({
      catalog: stores.catalog,
      directory: { refresh: async () => {}, drop: async () => {} },
      audit: stores.audit,
      clock: stores.clock,
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
  const many = [options.file, options.fromMysqlDump].filter((file) => file !== undefined)
  if (many.length + (tag === undefined ? 0 : 1) !== 1)
    throw usage('Name one tag with --max, or give many with --file or --from-mysql-dump.')
  if (tag !== undefined) {
    if (options.max === undefined) throw usage('--max is missing: the largest number given out so far.')
    if (options.into !== undefined)
      throw usage('--into belongs to --file and --from-mysql-dump; name the tag as workspace/group/tag.')
    return [{ path: tag, max: options.max }]
  }
  if (options.into === undefined) throw usage('--into is missing: the workspace/group of the names.')
  if (options.max !== undefined) throw usage('--max belongs to one tag; a file has one for each of its tags.')
  const text = await readText(many[0] ?? '')
  if (options.fromMysqlDump !== undefined) return [...readMysqlDump(text, options.into)]
  const { rows, heading } = readImportCsv(text, options.into)
  if (heading !== undefined) process.stderr.write(`The first line is taken for a heading: ${heading}\n`)
  return [...rows]
}

async function readText(file: string): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of file === '-' ? process.stdin : createReadStream(file)) {
      const part = Buffer.from(chunk as Uint8Array)
      bytes += part.length
      if (bytes > FILE_MAX) break
      chunks.push(part)
    }
  } catch (error) {
    throw usage(`The file cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (bytes > FILE_MAX)
    throw usage(
      `The file has more than ${FILE_MAX / 1024 / 1024} MiB: is it the right one? Of a dump only one table is needed.`,
    )
  const content = Buffer.concat(chunks)
  const [first, second] = content
  if (first === 0x1f && second === 0x8b)
    throw usage('The file is compressed: give what gunzip -c writes of it, and - for its name.')
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw usage(
      'The file is UTF-16, as PowerShell writes behind >: make the dump with mysqldump --result-file=FILE.',
    )
  return content.toString('utf8')
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
    .addHelpText('after', ADVANCE_HELP)
    .action(advance)
}

const ADVANCE_HELP = `
Examples:
  idgen tag advance shop/orders/invoice --to 5000000
  idgen tag advance --all --by 1000000

Nothing is ever lowered. Data centres that share this database are advanced. One with a database of its own hears of it with
its first allocation that etcd answers, and may grant below until then: run this with the database of each. Blocks that
lie ready in Redis are not used any more. Running services go on with the numbers they hold: restart them where those were granted by what is lost now.`

const ADVANCED_HERE =
  'This holds for data centres on this database. Run it also with the database of each data centre that has one of its own.\n'

async function advance(tag: string | undefined, options: AdvanceOptions): Promise<void> {
  const how = advanceBy(options)
  if ((tag === undefined) !== (options.all === true)) throw usage('Name one tag, or give --all.')
  await withStores(options.config, async (stores) => {
    const tags = new AdvanceTags({
      catalog: stores.catalog,
      allocator: allocatorOf(stores),
      audit: stores.audit,
      ...(stores.coordinator === undefined ? {} : { coordinator: stores.coordinator }),
    })
    const show = (done: AdvancedTag): void => {
      const { path, dc, nextValue } = done
      const text = `${path.padEnd(40)} dc ${dc} grants from ${nextValue}`
      process.stdout.write(`${options.json === true ? JSON.stringify(done) : text}\n`)
    }
    if (tag === undefined) await tags.advanceAll(COMMAND_ACTOR, how, show)
    else await tags.advance(COMMAND_ACTOR, tag, how, show)
    // Nobody can tell from here which data centres those are.
    if (stores.coordinator !== undefined) process.stderr.write(ADVANCED_HERE)
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

/** The order, and what may follow what, is judged with the rest of the tag. */
function parseChain(text: string): readonly AlgorithmName[] {
  const names = text.split(',').map((name) => name.trim())
  for (const name of names)
    if (!ALGORITHMS.some((known) => known === name))
      throw new InvalidArgumentError(`"${name}" is none of ${ALGORITHMS.join(', ')}.`)
  return names as AlgorithmName[]
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

/** The longest names, and as many lines as one import takes. */
const FILE_MAX = 16 * 1024 * 1024
/** More than any of the old systems reserves ahead at once; a gap this small in 2^53 costs nothing. */
const MARGIN = 1_000_000
