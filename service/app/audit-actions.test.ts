import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FILES = globSync('service/**/*.ts', { cwd: ROOT }).filter(
  (path) => !path.endsWith('.test.ts') && !path.includes('/generated/'),
)
const SOURCE = FILES.map((path) => readFileSync(`${ROOT}/${path}`, 'utf8')).join('\n')

/** Written out where they are recorded; others are put together there of a kind and a verb. */
const RECORDED = new Set(
  [...SOURCE.matchAll(/\baction: '([a-z]+(?:\.[a-z-]+)?)'/g)].map(([, name = '']) => name),
)
/** `alert.${status}`: the beginnings of those. */
const BEGINNINGS = new Set([...SOURCE.matchAll(/\baction: `([a-z]+\.)\$\{/g)].map(([, name = '']) => name))

/** Of the first column; `a.*` stands for all that begin with it. */
const TOLD = readFileSync(`${ROOT}/docs/audit.md`, 'utf8')
  // The first table.
  .split('\n\n')
  .filter((part) => part.startsWith('| action'))
  .join('\n')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([a-z.*-]+)`/g)].map(([, name = '']) => name))

describe('the table of actions in docs/audit.md', () => {
  test('names every action that is recorded', () => {
    assert.ok(RECORDED.size > 15, `${RECORDED.size} actions were found`)
    const isTold = (name: string): boolean =>
      TOLD.some((told) => told === name || (told.endsWith('*') && name.startsWith(told.slice(0, -1))))
    assert.deepEqual(
      [...RECORDED].filter((name) => !isTold(name)),
      [],
    )
  })

  test('names nothing that is never recorded', () => {
    const isRecorded = (told: string): boolean => {
      if (told.endsWith('*'))
        return SOURCE.includes(`'${told.slice(0, -1)}`) || SOURCE.includes(`\`${told.slice(0, -1)}`)
      const beginning = told.slice(0, told.indexOf('.') + 1)
      return RECORDED.has(told) || SOURCE.includes(`'${told}'`) || BEGINNINGS.has(beginning)
    }
    assert.deepEqual(
      TOLD.filter((told) => !isRecorded(told)),
      [],
    )
  })
})
