import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ALONE, BESIDE, LONG_FILES, type Part, SUITES } from './test-suites.ts'

const ROOT = join(import.meta.dirname, '..')

function partsOf(suite: string): readonly Part[] {
  return SUITES[suite]?.().steps.flat() ?? []
}

/** Every test file that the parts of a suite name, by glob or by name. */
function filesOf(suite: string): string[] {
  return partsOf(suite).flatMap(({ files }) => files.flatMap((glob) => globSync(glob, { cwd: ROOT })))
}

/** How a test gets to know how long something took, or that it took too long. */
const CLOCK =
  /performance\.now|Date\.now\(\) *(?:[<>]|- *[a-z])|(?:[^=]>|<|-) *Date\.now\(\)|hrtime|report\.seconds|cpuUsage/

describe('the suites', () => {
  test('name every test file of the project, each once', () => {
    const named = Object.keys(SUITES).flatMap(filesOf).sort()
    const all = globSync('{service,operator,sdk,test,scripts,bench}/**/*.test.ts', { cwd: ROOT }).sort()
    assert.deepEqual(named, all)
  })

  test('begin with the long ones of the files that run beside others', () => {
    const first = ['integration', 'cluster'].flatMap((suite) => {
      const { files = [], lanes } = partsOf(suite).find(({ name }) => name === 'beside') ?? {}
      assert.ok(lanes !== undefined, 'the order is kept')
      return files.slice(0, files.filter((file) => LONG_FILES.includes(file)).length)
    })
    assert.deepEqual(first, LONG_FILES)
  })

  for (const suite of ['integration', 'cluster'])
    describe(`of real servers: ${suite}`, () => {
      const files = filesOf(suite).map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))

      test('run a file alone that says so, and no other', () => {
        const alone = partsOf(suite).find(({ name }) => name === 'alone')
        assert.ok(alone?.options.includes('--test-concurrency=1'))
        assert.deepEqual(
          files.filter(({ text }) => ALONE.test(text)).map(({ path }) => path),
          alone?.files,
        )
      })

      test('know of each file that looks at a clock whether a neighbour could spoil what it sees', () => {
        const silent = files.filter(({ text }) => CLOCK.test(text) && !ALONE.test(text) && !BESIDE.test(text))
        assert.deepEqual(
          silent.map(({ path }) => path),
          [],
          'say "// Runs alone: <why>" or "// Runs beside others: <why>" at the head',
        )
      })

      test('let a stress test run alone', () => {
        const beside = files.filter(({ path, text }) => path.includes('.stress.') && !ALONE.test(text))
        assert.deepEqual(beside, [])
      })
    })
})
