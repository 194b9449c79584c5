import assert from 'node:assert/strict'
import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryFolder } from '../test/fixtures/temporary-folder.ts'
import { checkCoverage, readLcov } from './coverage-check.ts'

const SOURCES = globSync('{service,operator,sdk}/**/*.ts', {
  cwd: join(import.meta.dirname, '..'),
  exclude: ['**/*.test.ts', 'service/grpc/generated/**', 'operator/api/generated/**', 'sdk/test-doubles/**'],
})

/** How many areas are too low when every source file is covered but for `exceptions`. */
function areasTooLow(t: TestContext, exceptions: readonly string[]): number {
  t.mock.method(console, 'log', () => {})
  const folder = temporaryFolder('idgen-coverage-')
  const records = SOURCES.map(
    (path) => `SF:${path}\nDA:1,${exceptions.includes(path) ? 0 : 1}\nend_of_record\n`,
  )
  writeFileSync(join(folder, 'x.lcov'), records.join(''))
  return checkCoverage([join(folder, 'x.lcov')])
}

test('full coverage is enough for every area', (t) => {
  assert.equal(areasTooLow(t, []), 0)
})

test('one file below its own threshold is found although the whole is covered', (t) => {
  assert.equal(areasTooLow(t, ['service/core/ring-buffer.ts']), 1)
  assert.equal(areasTooLow(t, ['service/app/time-grant-keeper.ts']), 1)
})

test('files that no test loads count as not covered', (t) => {
  t.mock.method(console, 'log', () => {})
  assert.equal(checkCoverage([]), 10)
})

test('a line that one of several runs reaches is covered', () => {
  const hits = new Map<string, Map<number, number>>()
  readLcov('SF:a.ts\nDA:1,0\nDA:2,3\nend_of_record\n', hits)
  readLcov('SF:a.ts\nDA:1,2\nDA:2,0\nDA:3,0\nend_of_record\n', hits)
  assert.deepEqual(
    [...(hits.get('a.ts') ?? [])],
    [
      [1, 2],
      [2, 3],
      [3, 0],
    ],
  )
})
