import { writeFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { IdgenError } from '../core/errors.ts'
import type { LoadPlan } from '../load/load-plan.ts'
import type { LoadReport } from '../load/load-report.ts'
import { type PlanOptions, planOf } from '../load/plan-options.ts'
import { VERSION } from '../version.ts'
import { reportAndExit } from './report-error.ts'

interface Options extends PlanOptions {
  readonly json?: string
  readonly picture?: string
}

export function benchCommand(): Command {
  return new Command('bench')
    .description('Load a service, measure it, and check that no ID comes twice.')
    .argument(
      '<target>',
      'http://host:8080, grpc://host:50051 or redis://host:6399; https, grpcs, rediss with TLS',
    )
    .option(
      '--tag <path...>',
      'workspace/group/tag; several are asked in turn, also as shop/orders/t{1..100}',
    )
    .option('--protocol <name>', 'http, grpc, grpc-stream or resp (default: the one of the address)')
    .addOption(new Option('--key <key>', 'API key, or password of a Redis').env('IDGEN_KEY'))
    .option('--key-file <file>', 'the key out of a file, which no list of processes shows')
    .option('--ca <file>', 'certificates that are trusted (PEM), instead of the well-known ones')
    .option('--connections <count>', 'of all threads together', '16')
    .option('--pipeline <count>', 'requests under way on each connection', '1')
    .option('--batch <count>', 'IDs a request asks for', '1')
    .option('--as <form>', 'text, runs or (gRPC) numbers: how a batch is written', 'text')
    .option('--command <name>', 'over resp: incr (numbers) or next (IDGEN.NEXT, every kind)', 'incr')
    .option(
      '--rate <per second>',
      'requests a second, whatever the answers do (default: as fast as answers come)',
    )
    .option('--duration <time>', 'how long', '10s')
    .option('--requests <count>', 'end after so many requests, if that is earlier')
    .option('--warm-up <time>', 'so much before, which is not counted', '0s')
    .option('--threads <count>', 'threads of this tool', '1')
    .option('--spin', 'never sleep: finer moments of sending for a whole processor per thread')
    .option('--no-check', 'do not look for IDs that come twice')
    .option('--json <file>', 'write the report as JSON; - for standard output instead of the table')
    .option('--picture <file>', 'draw the report as SVG')
    .addHelpText('after', HELP)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : BAD_INPUT))
    .action(bench)
}

const HELP = `
Examples:
  idgen bench http://127.0.0.1:8080 --tag acme/shop/orders --key-file key.txt
  idgen bench grpc://127.0.0.1:50051 --protocol grpc-stream --tag acme/shop/orders --pipeline 64 --rate 50000
  idgen bench redis://127.0.0.1:6399 --tag acme/shop/orders --connections 8 --pipeline 64 --threads 2 --picture out.svg
  idgen bench redis://127.0.0.1:6379 --tag counter      # a Redis server, to compare with

Exit code: 0, 1 when an ID came twice or a request failed, 2 for options that cannot be. Ctrl-C ends early and reports.
docs/bench.md says how to read the numbers.`

async function bench(target: string, options: Options): Promise<void> {
  const plan = checked(() => {
    for (const [option, file] of filesOf(options)) prepare(option, file)
    return planOf(target, options)
  })
  // Only here: the other commands have no use for it.
  const { runLoad } = await import('../load/run-load.ts')
  const { reportText, secondText } = await import('../load/report-text.ts')
  const stop = stopSignal()
  process.stderr.write(`${secondText.heading}\n`)
  const report = await runLoad(plan, {
    version: VERSION,
    stop,
    onSecond: (second) => process.stderr.write(`${secondText.line(second)}\n`),
  }).catch(cannotBegin)
  if (options.json === '-') process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
  else process.stdout.write(reportText(report))
  await writeFiles(report, options)
  if (report.failures > 0 || (report.check?.duplicates ?? 0) > 0) process.exitCode = 1
}

/** Bad input ends here. */
function checked(plan: () => LoadPlan): LoadPlan {
  try {
    return plan()
  } catch (error) {
    reportAndExit(error, BAD_INPUT)
  }
}

function filesOf({ json, picture }: Options): [string, string][] {
  const named = Object.entries({ '--json': json, '--picture': picture })
  return named.flatMap(([option, file]) => (file === undefined || file === '-' ? [] : [[option, file]]))
}

/** Before the load: afterwards would be late to learn that the folder is missing. */
function prepare(option: string, file: string): void {
  try {
    writeFileSync(file, '')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new IdgenError('IDGEN_REQUEST_INVALID', `${option} ${file} cannot be written: ${reason}`)
  }
}

async function writeFiles(report: LoadReport, { json, picture }: Options): Promise<void> {
  if (json !== undefined && json !== '-') writeFileSync(json, `${JSON.stringify(report, undefined, 2)}\n`)
  if (picture === undefined) return
  const { drawReport } = await import('../load/draw-report.ts')
  writeFileSync(picture, drawReport(report))
}

/** Ctrl-C, or SIGTERM from whoever started it. A second one ends the process at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(130)
    stop.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return stop.signal
}

/** Nobody listens, or the very first requests are refused. */
function cannotBegin(error: unknown): never {
  process.stderr.write(`idgen: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

const BAD_INPUT = 2
