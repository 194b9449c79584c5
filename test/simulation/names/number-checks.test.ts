import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { printWitness } from '../../../service/app/segment-witness.ts'
import { tombstoneKey, witnessKey } from '../../../service/core/coordination-keys.ts'
import type { Tag } from '../../../service/core/tag.ts'
import { printTombstone } from '../../../service/core/tombstone.ts'
import { newTag } from '../../fixtures/joined-databases.ts'
import { NumberChecks } from './number-checks.ts'

const [OLD, NEW] = ['a', 'b'].map((digit) => tagOf(digit.repeat(32)))

function tagOf(generation: string): Tag {
  return { ...newTag('t'), id: 1, generation, version: 1, createdAt: new Date(0), updatedAt: new Date(0) }
}

/** What etcd has of OLD: these data centres closed, and a tombstone. */
function etcd(closed: readonly number[], highWater: number | undefined) {
  const generation = OLD?.generation ?? ''
  const record = { used: 0, ceiling: 0, history: '' }
  const keys = new Map(
    [0, 1].map((dc) => [
      witnessKey(generation, dc),
      printWitness({ ...record, ...(closed.includes(dc) && { closed: true as const }) }),
    ]),
  )
  if (highWater !== undefined) keys.set(tombstoneKey('w/g/t'), printTombstone({ generation, highWater }))
  return (key: string): string | undefined => keys.get(key)
}

describe('the numbers of a name', () => {
  test('may be granted once, whatever tag has it', () => {
    assert.ok(OLD !== undefined && NEW !== undefined)
    const checks = new NumberChecks()
    checks.grantedTo('p', OLD, { lo: 1, hi: 11 })
    checks.grantedTo('q', NEW, { lo: 11, hi: 21 })
    assert.equal(checks.violation, undefined)
    checks.grantedTo('q', NEW, { lo: 5, hi: 6 })
    assert.match(checks.violation ?? '', /q was granted \[5, 6\) of w\/g\/t, and p, .* has \[1, 11\)/)
  })

  test('are forgotten after all granting ended, below a tombstone', () => {
    assert.ok(OLD !== undefined)
    for (const [closed, highWater, expected] of [
      [[0, 1], 2001, undefined],
      [[0], 2001, /forgot w\/g\/t while data centres 1 may grant of it/],
      [[], 2001, /while data centres 0, 1 may grant/],
      [[0, 1], undefined, /before etcd had its tombstone/],
      [[0, 1], 10, /granted up to 11, and its tombstone is at 10/],
    ] as const) {
      const checks = new NumberChecks()
      checks.grantedTo('p', OLD, { lo: 1, hi: 11 })
      checks.forgottenBy('database 0', OLD, etcd(closed, highWater))
      if (expected === undefined) assert.equal(checks.violation, undefined)
      else assert.match(checks.violation ?? '', expected)
    }
  })

  test('are never granted above the tombstone under which they were forgotten', () => {
    assert.ok(OLD !== undefined)
    const checks = new NumberChecks()
    checks.forgottenBy('database 0', OLD, etcd([0, 1], 2001))
    checks.grantedTo('p', OLD, { lo: 1991, hi: 2001 })
    assert.equal(checks.violation, undefined)
    checks.grantedTo('p', OLD, { lo: 2001, hi: 2002 })
    assert.match(checks.violation ?? '', /above its tombstone at 2001/)
  })
})
