import type { FailedTest, TestCounts } from './test-reporter.ts'

/**
 * Files of a suite on real servers that failed beside others are run once more, alone. On two cores that are full, a start
 * may take longer than any limit that a test can sensibly have; one such file of four hundred must not cost the whole run.
 * The failure stays in the output and the end says that it was there: it is a fault of a test, or of idgen, to be mended.
 */

/** More files than these do not fail by chance. */
export const MOST_FILES = 3

/** An ID that came twice is never waited away: seen once, it is true. */
const PROMISE = /twice|duplicate|overlap/i

/** Whether a failure may be looked at once more. `said`: the name of the test and its error as they are printed. */
export function mayBeChance(said: string): boolean {
  return !PROMISE.test(said)
}

/** The files to run again, or none when one of the failures, or their number, is not to be had by chance. */
export function filesToTryAgain({ failed, failures }: TestCounts): readonly string[] {
  const files = [...new Set(failures.map(({ file }: FailedTest) => file))]
  // A failure without a file is one of the runner itself.
  const chance = failures.length === failed && failures.every(({ chance: may, file }) => may && file !== '')
  return chance && files.length <= MOST_FILES ? files : []
}

/** What counts after a second try: its failures, or none when all of it passed. */
export function afterSecondTry(first: TestCounts, second: TestCounts): TestCounts {
  // What was skipped was not seen to pass.
  if (second.failed > 0 || second.skipped > 0 || second.passed === 0) return first
  return { passed: first.passed + first.failed, failed: 0, skipped: first.skipped, failures: [] }
}
