import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What `make test` and its like can run, and in which calls of the test runner. */

/** One call of the test runner. */
export interface Part {
  /** Of the part within its suite; in the name of its coverage file too. */
  readonly name: string
  readonly files: readonly string[]
  readonly options: readonly string[]
  /** So many files at once, begun in the order in which they stand (scripts/test-files.ts); without it the runner's own order. */
  readonly lanes?: number
  /** What its tests reach counts for no coverage: then they run faster. */
  readonly uncounted?: true
  /** A test that leaves something open keeps the runner alive for ever; then this ends it. */
  readonly limitMs: number
}

export interface Suite {
  /** Whether it is written down which lines its tests reach; every process that they start is slower then. */
  readonly coverage: boolean
  /** The parts of one step run side by side; a step begins when the one before has ended. */
  readonly steps: readonly (readonly Part[])[]
  /** How files are run once more that failed beside others (scripts/second-try.ts); without it a failure stands. */
  readonly again?: (files: readonly string[]) => Part
}

const ROOT = join(import.meta.dirname, '..')

/** One test at a time in a file with a database or processes of its own: the machine is shared by all of them. */
const PROCESS_EACH = '--test-isolation=process'

/**
 * All in one process a part: a process per file would cost 20 times as long. None of these tests looks at a clock of the
 * machine. Four parts on the two cores of CI: none is half of the work, so hardly anything runs on when the others have ended.
 */
const UNIT = { options: ['--test-isolation=none', '--test-timeout=60000'], limitMs: 600_000 }

export const SUITES: Readonly<Record<string, () => Suite>> = {
  unit: () => ({
    coverage: true,
    steps: [
      [
        { name: 'core', files: ['service/{core,app}/**/*.test.ts'], ...UNIT },
        { name: 'service', files: ['service/*.test.ts', 'service/!(core|app)/**/*.test.ts'], ...UNIT },
        {
          name: 'others',
          files: [
            'operator/**/*.test.ts',
            'sdk/**/*.test.ts',
            'test/*.test.ts',
            'test/fixtures/**/*.test.ts',
          ],
          ...UNIT,
        },
        // Whole histories, which take half as long again while lines are counted; the rules in them have tests of their own.
        {
          name: 'uncounted',
          files: ['test/simulation/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
          uncounted: true,
          ...UNIT,
        },
      ],
    ],
  }),
  integration: () => ({
    // What the unit tests reach holds every bar (scripts/coverage-check.ts). With this: what no test reaches at all.
    coverage: process.env['COVERAGE'] === 'all',
    steps: sideBySide(
      ['test/contracts/**/*.test.ts', 'test/integration/**/*.test.ts', 'test/fuzz/**/*.test.ts'],
      3,
      1_500_000,
    ),
    again: alone,
  }),
  /** The operator on a real kube-apiserver. */
  cluster: () => ({
    coverage: false,
    steps: sideBySide(['test/cluster/**/*.test.ts'], 2, 900_000),
    again: alone,
  }),
  /** Everything on a real node: all in one process, so that what it says on the way is seen at once. */
  e2e: () => ({
    coverage: false,
    steps: [
      [
        {
          name: 'all',
          files: ['test/e2e/**/*.test.ts'],
          options: ['--test-isolation=none', '--test-timeout=900000'],
          limitMs: 5_400_000,
        },
      ],
    ],
  }),
  faults: () => ({
    coverage: false,
    steps: [
      [
        {
          name: 'all',
          files: ['test/faults/**/*.test.ts'],
          options: [PROCESS_EACH, '--test-concurrency=1', '--test-timeout=1800000'],
          limitMs: 3_600_000,
        },
      ],
    ],
  }),
}

/**
 * Most of these files wait for their servers half of the time: on two cores two or three run beside each other. Those that
 * hold something to a time, a rate or an amount of memory that a neighbour could spoil say so (see ALONE) and run after, one
 * at a time.
 */
function sideBySide(globs: readonly string[], atOnce: number, limitMs: number): readonly (readonly Part[])[] {
  const files = globs.flatMap((glob) => globSync(glob, { cwd: ROOT })).sort()
  const alone = files.filter((file) => ALONE.test(readFileSync(join(ROOT, file), 'utf8')))
  const beside = longFirst(files.filter((file) => !alone.includes(file)))
  const part = (name: string, chosen: readonly string[], lanes: number): Part => ({
    name,
    files: chosen,
    options: [PROCESS_EACH, `--test-concurrency=${lanes}`, `--test-timeout=${FILE_LIMIT_MS}`],
    lanes,
    limitMs,
  })
  return [[part('beside', beside, atOnce)], [part('alone', alone, 1)]].filter((step) =>
    step.every(({ files: some }) => some.length > 0),
  )
}

/** Ten minutes: no file of these suites takes two. */
function alone(files: readonly string[]): Part {
  return {
    name: 'again',
    files,
    options: [PROCESS_EACH, '--test-concurrency=1', `--test-timeout=${FILE_LIMIT_MS}`],
    limitMs: 600_000,
  }
}

/** Of a file of real servers, and of each of its tests. */
export const FILE_LIMIT_MS = 180_000

/** Else a file of two minutes that begins among the last runs on with nothing beside it: `node --test` goes by the names. */
function longFirst(files: readonly string[]): readonly string[] {
  return [
    ...LONG_FILES.filter((file) => files.includes(file)),
    ...files.filter((file) => !LONG_FILES.includes(file)),
  ]
}

/**
 * Those that take about a minute and more beside others on two cores (each run names the slowest), so that the end is made of
 * short ones. A browser (ui), Python (http) and Java (tracing) keep a core busy each: the first does not begin with the
 * other two.
 */
export const LONG_FILES: readonly string[] = [
  'test/integration/ui.test.ts',
  'test/integration/doctor.test.ts',
  'test/integration/sdk-data-centres.test.ts',
  'test/integration/resp.test.ts',
  'test/integration/foreign-resp.test.ts',
  'test/fuzz/http.test.ts',
  'test/integration/tracing.test.ts',
  'test/integration/ui-tasks.test.ts',
  // These wait for most of their minute.
  'test/integration/store-alerts-for-real.test.ts',
  'test/integration/time-alerts-for-real.test.ts',
  // Half a minute, but the last by its name.
  'test/integration/walked-documents.test.ts',
  'test/cluster/id-generator.test.ts',
  'test/cluster/id-generator-rollout.test.ts',
  'test/cluster/operator-upgrade.test.ts',
]

/** A line of a test file that makes it run alone, with the reason. */
export const ALONE = /^\/\/ Runs alone: \S/m
/** One that says why a neighbour does no harm although the file looks at a clock. */
export const BESIDE = /^\/\/ Runs beside others: \S/m
