import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'
import { inspect } from 'node:util'
import { mayBeChance } from './second-try.ts'

/** What run-tests.ts sums up. Suites (`describe`) are no tests and not counted. */
export interface TestCounts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** Each failed test. */
  readonly failures: readonly FailedTest[]
}

export interface FailedTest {
  /** Its path in the project; empty for what belongs to no file. */
  readonly file: string
  /** Whether it may have failed because the machine was full (scripts/second-try.ts). */
  readonly chance: boolean
}

/** Output of a file that is kept to be shown when one of its tests fails. */
const OUTPUT_KEPT = 200

/**
 * Reporter of `node --test`: each failure in full with what its file printed, each skipped test with its reason, and
 * notes of the tests, and at the end the files that took longest. The counts go to the file that IDGEN_TEST_COUNTS names.
 */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] as FailedTest[] }
  const output = new Map<string | undefined, string[]>()
  const took = new Map<string, number>()
  for await (const { type, data } of events) {
    if ((type === 'test:pass' || type === 'test:fail') && data.nesting === 0 && data.file !== undefined)
      took.set(data.file, (took.get(data.file) ?? 0) + data.details.duration_ms)
    if (type === 'test:stderr' || type === 'test:stdout') keep(output, data.file, data.message)
    else if (type === 'test:diagnostic' && !SUMMARY.test(data.message)) yield `  ${data.message}\n`
    else if (type === 'test:pass' && data.details.type !== 'suite') {
      if (data.skip === undefined && data.todo === undefined) counts.passed += 1
      else {
        counts.skipped += 1
        yield `  skipped: ${where(data)}: ${data.name}: ${data.skip ?? data.todo}\n`
      }
    } else if (type === 'test:fail' && !isParent(data)) {
      counts.failed += 1
      const said = failure(data)
      counts.failures.push({ file: pathOf(data.file), chance: mayBeChance(said) })
      yield `${said}${printed(output.get(data.file) ?? [])}\n\n`
    }
  }
  yield* slowest(took)
  const file = process.env['IDGEN_TEST_COUNTS']
  if (file !== undefined) writeFileSync(file, JSON.stringify(counts))
}

/** What to look at when a suite has become too long. */
function* slowest(took: ReadonlyMap<string, number>): Generator<string> {
  const slow = [...took].filter(([, ms]) => ms >= SLOW_MS).toSorted(([, a], [, b]) => b - a)
  const told = slow.slice(0, SLOW_TOLD).map(([file, ms]) => `${where({ file })} ${Math.round(ms / 1000)} s`)
  if (told.length > 0) yield `  slowest files: ${told.join(', ')}\n`
}

const SLOW_MS = 10_000
const SLOW_TOLD = 8

/** The runner's own totals; ours stand at the end. */
const SUMMARY = /^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) \d/

type TestFail = Extract<TestEvent, { type: 'test:fail' }>['data']

/** A suite or test that fails only because something inside it did: that is reported by itself. */
function isParent({ details }: TestFail): boolean {
  return (details.error as { failureType?: unknown }).failureType === 'subtestsFailed'
}

function failure(data: TestFail): string {
  const { error } = data.details
  return `\nFAILED ${where(data)}\n  ${data.name}\n${inspect(error.cause ?? error)}`
}

function printed(output: readonly string[]): string {
  return output.length === 0 ? '' : `\n  printed by the file:\n${output.join('')}`
}

function where({ file, line }: { readonly file?: string; readonly line?: number }): string {
  return file === undefined ? '(no file)' : `${pathOf(file)}${line === undefined ? '' : `:${line}`}`
}

function pathOf(file: string | undefined): string {
  return file === undefined ? '' : relative(process.cwd(), file)
}

function keep(output: Map<string | undefined, string[]>, file: string | undefined, message: string): void {
  const kept = output.get(file) ?? []
  kept.push(message)
  if (kept.length > OUTPUT_KEPT) kept.shift()
  output.set(file, kept)
}
