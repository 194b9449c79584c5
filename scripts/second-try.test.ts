import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { afterSecondTry, filesToTryAgain, MOST_FILES, mayBeChance } from './second-try.ts'
import type { FailedTest, TestCounts } from './test-reporter.ts'

function counts(failures: readonly FailedTest[], failed = failures.length): TestCounts {
  return { passed: 10, failed, skipped: 1, failures }
}

function chance(file: string): FailedTest {
  return { file, chance: true }
}

describe('files that failed beside others', () => {
  test('are run again, each once', () => {
    const failed = counts([chance('a.test.ts'), chance('b.test.ts'), chance('a.test.ts')])
    assert.deepEqual(filesToTryAgain(failed), ['a.test.ts', 'b.test.ts'])
  })

  test('are none where nothing failed', () => assert.deepEqual(filesToTryAgain(counts([])), []))

  test('are not run again where an ID came twice, in whatever file', () => {
    assert.equal(mayBeChance('FAILED x.test.ts\n  no ID comes twice\nAssertionError'), false)
    assert.equal(mayBeChance('FAILED x.test.ts\n  load\nError: DUPLICATES 1 among 1,001 IDs'), false)
    assert.equal(mayBeChance('FAILED x.test.ts\n  grants\nError: 1..9 overlaps 5'), false)
    assert.equal(mayBeChance('FAILED x.test.ts\n  starts\nError: not ready after 30 s'), true)
    assert.deepEqual(filesToTryAgain(counts([chance('a.test.ts'), { file: 'b.test.ts', chance: false }])), [])
  })

  test('are not run again where too many failed', () => {
    const some = Array.from({ length: MOST_FILES + 1 }, (_, i) => chance(`${i}.test.ts`))
    assert.deepEqual(filesToTryAgain(counts(some)), [])
    assert.equal(filesToTryAgain(counts(some.slice(1))).length, MOST_FILES)
  })

  test('are not run again where the runner died, or a failure belongs to no file', () => {
    assert.deepEqual(filesToTryAgain(counts([chance('a.test.ts')], 2)), [])
    assert.deepEqual(filesToTryAgain(counts([chance('')])), [])
  })
})

describe('a second try', () => {
  const first = counts([chance('a.test.ts')])

  test('that passes counts what failed as passed', () =>
    assert.deepEqual(afterSecondTry(first, { passed: 4, failed: 0, skipped: 0, failures: [] }), {
      passed: 11,
      failed: 0,
      skipped: 1,
      failures: [],
    }))

  test('that fails, skips, or runs nothing, changes nothing', () => {
    assert.equal(afterSecondTry(first, { passed: 3, failed: 0, skipped: 1, failures: [] }), first)
    assert.equal(afterSecondTry(first, { passed: 3, failed: 1, skipped: 0, failures: [] }), first)
    assert.equal(afterSecondTry(first, { passed: 0, failed: 0, skipped: 0, failures: [] }), first)
  })
})
