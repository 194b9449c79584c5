import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkCoverage } from './coverage-check.ts'
import type { TestCounts } from './test-reporter.ts'

/**
 * `run-tests.ts [suite…]`: runs the named suites (default: unit and integration), judges the coverage of these two together
 * when both ran, and ends with one line "N passed, N failed" over all of them.
 */
interface Suite {
  readonly files: readonly string[]
  readonly options: readonly string[]
  readonly coverage: boolean
  /** A test that leaves something open keeps the runner alive for ever; then this ends it. */
  readonly limitMs: number
}

/** One test at a time where a file has a database or processes of its own: the machine is shared by all of them. */
const APART = ['--test-isolation=process', '--test-concurrency=1']

const SUITES: Readonly<Record<string, Suite>> = {
  /** All in one process: a process per file would cost 20 times as long. */
  unit: {
    files: [
      'service/**/*.test.ts',
      'operator/**/*.test.ts',
      'sdk/**/*.test.ts',
      'test/*.test.ts',
      'test/simulation/**/*.test.ts',
      'scripts/**/*.test.ts',
      'bench/**/*.test.ts',
    ],
    options: ['--test-isolation=none', '--test-timeout=60000'],
    coverage: true,
    limitMs: 600_000,
  },
  integration: {
    files: ['test/contracts/**/*.test.ts', 'test/integration/**/*.test.ts'],
    options: [...APART, '--test-timeout=180000'],
    coverage: true,
    limitMs: 1_500_000,
  },
  /** The operator on a real kube-apiserver. */
  cluster: {
    files: ['test/cluster/**/*.test.ts'],
    options: [...APART, '--test-timeout=180000'],
    coverage: false,
    limitMs: 900_000,
  },
  /** Everything on a real node: all in one process, so that what it says on the way is seen at once. */
  e2e: {
    files: ['test/e2e/**/*.test.ts'],
    options: ['--test-isolation=none', '--test-timeout=900000'],
    coverage: false,
    limitMs: 5_400_000,
  },
  faults: {
    files: ['test/faults/**/*.test.ts'],
    options: [...APART, '--test-timeout=1800000'],
    coverage: false,
    limitMs: 3_600_000,
  },
}

const ROOT = join(import.meta.dirname, '..')
const COVERAGE_FOLDER = join(ROOT, 'coverage')
const COVERED = ['unit', 'integration']

function runSuite(name: string, suite: Suite): TestCounts {
  const scratch = mkdtempSync(join(tmpdir(), 'idgen-test-'))
  try {
    const countsFile = join(scratch, 'counts.json')
    const reporter = [
      '--test-reporter',
      join(ROOT, 'scripts/test-reporter.ts'),
      '--test-reporter-destination',
      'stdout',
    ]
    const coverage = suite.coverage ? coverageOptions(name) : []
    const args = ['--test', ...suite.options, ...reporter, ...coverage, ...suite.files]
    const { status, signal } = spawnSync(process.execPath, args, {
      cwd: ROOT,
      stdio: 'inherit',
      timeout: suite.limitMs,
      env: { ...process.env, IDGEN_TEST_COUNTS: countsFile },
    })
    return outcome(readCounts(countsFile), status, signal)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function coverageOptions(name: string): string[] {
  const excluded = ['**/*.test.ts', 'service/grpc/generated/**', 'sdk/test-doubles/**'].map(
    (glob) => `--test-coverage-exclude=${glob}`,
  )
  const lcov = join(COVERAGE_FOLDER, `${name}.lcov`)
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

/** A runner that died, or found a fault outside of any test, counts as one more failure. */
function outcome(counts: TestCounts | undefined, status: number | null, signal: string | null): TestCounts {
  if (counts === undefined)
    console.error(`the test runner ended without a result (${signal ?? `exit code ${status}`})`)
  const { passed, failed, skipped } = counts ?? { passed: 0, failed: 0, skipped: 0 }
  return { passed, failed: status === 0 ? failed : Math.max(1, failed), skipped }
}

function readCounts(file: string): TestCounts | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as TestCounts
  } catch {
    return undefined
  }
}

function main(names: readonly string[]): void {
  mkdirSync(COVERAGE_FOLDER, { recursive: true })
  const total = { passed: 0, failed: 0, skipped: 0 }
  for (const name of names) {
    const suite = SUITES[name]
    if (suite === undefined) throw new Error(`no suite ${name}; there are ${Object.keys(SUITES).join(', ')}`)
    const startedMs = performance.now()
    const { passed, failed, skipped } = runSuite(name, suite)
    total.passed += passed
    total.failed += failed
    total.skipped += skipped
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
    console.log(`${name}: ${passed} passed, ${failed} failed, ${skipped} skipped (${seconds} s)`)
  }
  if (COVERED.every((name) => names.includes(name)))
    total.failed += checkCoverage(COVERED.map((name) => join(COVERAGE_FOLDER, `${name}.lcov`)))
  if (total.skipped > 0) console.log(`${total.skipped} skipped, each with its reason above`)
  console.log(`${total.passed} passed, ${total.failed} failed`)
  if (total.failed > 0 || total.passed === 0) process.exitCode = 1
}

main(process.argv.length > 2 ? process.argv.slice(2) : COVERED)
