import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { OPERATOR_EVENTS } from './operator-log.ts'

const OPERATOR = join(import.meta.dirname, '..')
const REGISTRIES = ['reconcile/operator-log.ts', 'runtime/runtime-log.ts']

// The other way round the compiler sees: a text that is in no registry cannot be written.
test('every event of the registry is written somewhere in the operator', () => {
  const sources = readdirSync(OPERATOR, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !REGISTRIES.includes(path))
    .map((path) => readFileSync(join(OPERATOR, path), 'utf8'))
    .join('\n')
  assert.deepEqual(
    Object.keys(OPERATOR_EVENTS).filter((text) => !sources.includes(`'${text}'`)),
    [],
  )
})
