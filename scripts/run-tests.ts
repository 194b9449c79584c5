import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkCoverage } from './coverage-check.ts'
import { type ProcessorUse, processorUse } from './processor-use.ts'
import { afterSecondTry, filesToTryAgain } from './second-try.ts'
import type { TestCounts } from './test-reporter.ts'
import { FILE_LIMIT_MS, type Part, SUITES, type Suite } from './test-suites.ts'

/**
 * `run-tests.ts [suite…]`: runs the named suites (default: unit and integration), judges the coverage when the unit suite
 * is among them, and ends with one line "N passed, N failed" over all of them.
 */
const ROOT = join(import.meta.dirname, '..')
const COVERAGE_FOLDER = join(ROOT, 'coverage')
const IN_ORDER = join(ROOT, 'scripts/test-files.ts')
/** Where bin/idgen keeps what it compiled too. */
const COMPILED = join(ROOT, 'node_modules/.cache/compile')

async function runSuite(name: string, suite: Suite): Promise<TestCounts> {
  const counts: TestCounts[] = []
  for (const parts of suite.steps) {
    const use = processorUse()
    counts.push(
      ...(await Promise.all(
        parts.map((part) => runPart(part, lcovFile(name, suite, part), parts.length > 1)),
      )),
    )
    if (suite.steps.length > 1) console.log(`  ${parts.map((part) => part.name).join(', ')}: ${told(use())}`)
  }
  const all = sum(counts)
  return suite.again === undefined ? all : tryAgain(all, suite.again)
}

/** Nothing here is measured for coverage: the first run was. */
async function tryAgain(first: TestCounts, again: (files: readonly string[]) => Part): Promise<TestCounts> {
  const files = filesToTryAgain(first)
  if (files.length === 0) return first
  console.log(`  failed beside others, run once more alone: ${files.join(', ')}`)
  const settled = afterSecondTry(first, await runPart(again(files), undefined, false))
  const verdict = settled.failed === 0 ? 'PASSED AT THE SECOND TRY (mend it)' : 'failed again'
  console.log(`  ${verdict}: ${files.join(', ')}`)
  return settled
}

/** `held`: what it prints is shown when it has ended, whole, because others run at the same time. */
async function runPart(part: Part, lcov: string | undefined, held: boolean): Promise<TestCounts> {
  const scratch = mkdtempSync(join(tmpdir(), 'idgen-test-'))
  try {
    const countsFile = join(scratch, 'counts.json')
    const reporter = [
      '--test-reporter',
      join(ROOT, 'scripts/test-reporter.ts'),
      '--test-reporter-destination',
      'stdout',
    ]
    const coverage = lcov === undefined ? [] : coverageOptions(lcov)
    const child = spawn(
      process.execPath,
      part.lanes === undefined || lcov !== undefined
        ? ['--test', ...part.options, ...reporter, ...coverage, ...part.files]
        : [IN_ORDER, String(part.lanes), String(FILE_LIMIT_MS), ...part.files],
      {
        cwd: ROOT,
        stdio: ['inherit', held ? 'pipe' : 'inherit', held ? 'pipe' : 'inherit'],
        timeout: part.limitMs,
        env: {
          ...process.env,
          IDGEN_TEST_COUNTS: countsFile,
          // Types are stripped once, not in every process. V8 counts less exactly what comes out of it.
          ...(lcov === undefined && { NODE_COMPILE_CACHE: COMPILED }),
        },
      },
    )
    const said: Buffer[] = []
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => void said.push(chunk))
    const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    process.stdout.write(Buffer.concat(said))
    return outcome(part, readCounts(countsFile), { status, signal })
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** undefined: which lines its tests reach is not written down. */
function lcovFile(suiteName: string, { coverage }: Suite, { name, uncounted }: Part): string | undefined {
  return coverage && uncounted !== true ? join(COVERAGE_FOLDER, `${suiteName}-${name}.lcov`) : undefined
}

function coverageOptions(lcov: string): string[] {
  const excluded = ['**/*.test.ts', 'service/grpc/generated/**', 'sdk/test-doubles/**'].map(
    (glob) => `--test-coverage-exclude=${glob}`,
  )
  return [
    '--experimental-test-coverage',
    '--test-coverage-include=service/**',
    '--test-coverage-include=operator/**',
    '--test-coverage-include=sdk/**',
    ...excluded,
    '--test-reporter=lcov',
    `--test-reporter-destination=${lcov}`,
  ]
}

interface Ended {
  readonly status: number | null
  readonly signal: string | null
}

/** A runner that died, or found a fault outside of any test, counts as one more failure. */
function outcome({ name }: Part, counts: TestCounts | undefined, { status, signal }: Ended): TestCounts {
  if (counts === undefined)
    console.error(
      `the test runner of part "${name}" ended without a result (${signal ?? `exit code ${status}`})`,
    )
  const { passed, failed, skipped, failures } = counts ?? { passed: 0, failed: 0, skipped: 0, failures: [] }
  return { passed, failed: status === 0 ? failed : Math.max(1, failed), skipped, failures }
}

function readCounts(file: string): TestCounts | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as TestCounts
  } catch {
    return undefined
  }
}

function sum(counts: readonly TestCounts[]): TestCounts {
  const total = (of: (one: TestCounts) => number): number => counts.reduce((all, one) => all + of(one), 0)
  return {
    passed: total(({ passed }) => passed),
    failed: total(({ failed }) => failed),
    skipped: total(({ skipped }) => skipped),
    failures: counts.flatMap(({ failures }) => failures),
  }
}

/** Whether a suite that has become too long works or waits. */
function told({ seconds, busyPercent }: ProcessorUse): string {
  return `${seconds.toFixed(1)} s, processors ${busyPercent.toFixed(0)} % busy`
}

function suiteOf(name: string): Suite {
  const suite = SUITES[name]
  if (suite === undefined) throw new Error(`no suite ${name}; there are ${Object.keys(SUITES).join(', ')}`)
  return suite()
}

async function main(names: readonly string[]): Promise<void> {
  mkdirSync(COVERAGE_FOLDER, { recursive: true })
  // All of them at first: a name that is wrong is told before the others have taken their time.
  const suites = names.map((name) => ({ name, suite: suiteOf(name) }))
  const all: TestCounts[] = []
  for (const { name, suite } of suites) {
    const use = processorUse()
    const counts = await runSuite(name, suite)
    all.push(counts)
    const { passed, failed, skipped } = counts
    console.log(`${name}: ${passed} passed, ${failed} failed, ${skipped} skipped (${told(use())})`)
  }
  const { passed, failed: failedTests, skipped } = sum(all)
  let failed = failedTests
  if (names.includes('unit')) {
    const written = suites.flatMap(({ name, suite }) =>
      suite.steps.flat().map((part) => lcovFile(name, suite, part)),
    )
    failed += checkCoverage(written.filter((file) => file !== undefined))
  }
  if (skipped > 0) console.log(`${skipped} skipped, each with its reason above`)
  console.log(`${passed} passed, ${failed} failed`)
  if (failed > 0 || passed === 0) process.exitCode = 1
}

await main(process.argv.length > 2 ? process.argv.slice(2) : ['unit', 'integration'])
