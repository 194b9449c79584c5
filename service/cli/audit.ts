import { once } from 'node:events'
import { Command, InvalidArgumentError, Option } from 'commander'
import { PostgresAuditQuery } from '../adapters/postgres/postgres-audit-query.ts'
import { PostgresAuditReader } from '../adapters/postgres/postgres-audit-reader.ts'
import { checkAudit } from '../app/audit-check.ts'
import { loadConfig } from '../config/load.ts'
import { auditLine } from '../core/audit-line.ts'
import type { AuditPosition } from '../ports/audit-query.ts'
import { verifyAuditFiles } from './audit-file.ts'
import { type AuditHeads, readAuditHeads } from './audit-heads.ts'
import { auditExitCode, auditVerdictText } from './audit-verdict.ts'
import { configOption } from './config-option.ts'
import { withDatabase } from './with-database.ts'

export function auditCommand(): Command {
  return new Command('audit')
    .description('Check the audit log for changes by other hands, or write it out.')
    .addCommand(verifyCommand())
    .addCommand(exportCommand())
}

interface RangeOptions {
  readonly config?: string
  readonly from?: Date
  readonly to?: Date
}

interface VerifyOptions extends RangeOptions {
  readonly file?: readonly string[]
  readonly json?: boolean
  readonly heads?: string
}

function verifyCommand(): Command {
  return ranged(new Command('verify'))
    .description(
      'Walk all chains of the audit log and name the first broken record of each. Exit code 0: whole; 2: broken; 3: a chain has no end that anybody vouches for; 1: it could not be checked.',
    )
    .addOption(
      new Option(
        '--file <path...>',
        'check these files (audit.file; .gz too) instead, the oldest first, without the database',
      ).conflicts(['from', 'to']),
    )
    .option('--heads <file>', 'log of idgen: its "audit chain" lines must agree with what is checked')
    .option('--json', 'one JSON object')
    .action(verify)
}

function exportCommand(): Command {
  return ranged(new Command('export'))
    .description('Write the audit log to the standard output, oldest first, one JSON object a line.')
    .addOption(new Option('--format <name>', 'form of the output').choices(['ndjson']).default('ndjson'))
    .action(exportAll)
}

function ranged(command: Command): Command {
  return command
    .option('--from <date>', 'first moment, e.g. 2027-01-31T00:00:00Z', parseMoment)
    .option('--to <date>', 'moment before which it ends', parseMoment)
    .addOption(configOption())
}

async function verify(options: VerifyOptions): Promise<void> {
  const known: AuditHeads = options.heads === undefined ? new Map() : await readAuditHeads(options.heads)
  if (options.file !== undefined) {
    const { audit } = loadConfig(options.config, process.env)
    return verifyAuditFiles(options.file, {
      key: audit.key || undefined,
      known,
      json: options.json === true,
    })
  }
  await withDatabase(options.config, async (database, config) => {
    let told = 0
    const verdict = await checkAudit({
      reader: new PostgresAuditReader(database),
      nowMs: Date.now(),
      key: config.audit.key || undefined,
      from: options.from,
      to: options.to,
      known,
      onProgress: (records) => {
        if (records - told < PROGRESS_EVERY) return
        told = records
        process.stderr.write(`${records} records checked\n`)
      },
    })
    process.stdout.write(
      options.json === true ? `${JSON.stringify(verdict)}\n` : auditVerdictText(verdict, known),
    )
    process.exitCode = auditExitCode(verdict, known)
  })
}

async function exportAll(options: RangeOptions): Promise<void> {
  await withDatabase(options.config, async (database) => {
    const query = new PostgresAuditQuery(database)
    const { from, to } = options
    const range = { ...(from && { from }), ...(to && { to }) }
    let after: AuditPosition | undefined
    do {
      const page = await query.find(range, after, 'oldest', PAGE)
      const text = page.map(auditLine).join('')
      // A slow reader holds the export up; it never fills the memory.
      if (!process.stdout.write(text)) await once(process.stdout, 'drain')
      after = page.length < PAGE ? undefined : page.at(-1)
    } while (after !== undefined)
  })
}

function parseMoment(value: string): Date {
  const date = new Date(value)
  if (Number.isNaN(date.getTime()))
    throw new InvalidArgumentError('Write a date such as 2027-01-31T00:00:00Z.')
  return date
}

const PAGE = 1000
/** About one line a second. */
const PROGRESS_EVERY = 100_000
