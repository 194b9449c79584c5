import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { inspect } from 'node:util'
import type { TestEvent } from 'node:test/reporters'

/**
 * Reporter for `node --test`: a line per file, each failure in full, each skipped test with its reason. The counts go
 * to the file that IDGEN_TEST_COUNTS names, for run-tests.ts.
 */
export interface TestCounts {
  passed: number
  failed: number
  skipped: number
}
