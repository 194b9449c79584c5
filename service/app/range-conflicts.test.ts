import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newTag } from '../../test/fixtures/joined-databases.ts'
import { RecordedLog } from '../../test/fixtures/recorded-log.ts'
import { MemoryAuditSink } from '../adapters/memory/memory-audit-sink.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import type { Tag } from '../core/tag.ts'
import { AuditTrail } from './audit-trail.ts'
import { RangeConflicts } from './range-conflicts.ts'

const AT = new Date(0)
function tagOf(name: string, id: number): Tag {
  return { ...newTag(name), id, generation: 'a'.repeat(32), version: 1, createdAt: AT, updatedAt: AT }
}

test('a conflict is told once, again when its reason changes, and its end as well', async () => {
  const clock = new MemoryClock()
  const log = new RecordedLog()
  const sink = new MemoryAuditSink()
  const audit = new AuditTrail({ sink, clock, log, queueMax: 100, flushEveryMs: 1000 })
  const conflicts = new RangeConflicts(audit, log)
  conflicts.found(tagOf('a', 1), 'why')
  conflicts.found(tagOf('a', 1), 'why')
  conflicts.found(tagOf('b', 2), 'why')
  conflicts.found(tagOf('a', 1), 'another reason')
  assert.deepEqual(
    [...conflicts.reasons],
    [
      [2, 'why'],
      [1, 'another reason'],
    ],
  )
  assert.deepEqual(conflicts.paths, ['w/g/b', 'w/g/a'])
  await audit.flush()
  assert.deepEqual(
    sink.records.map(({ subject, result }) => `${subject} ${result}`),
    ['w/g/a IDGEN_SPACE_MISMATCH', 'w/g/b IDGEN_SPACE_MISMATCH', 'w/g/a IDGEN_SPACE_MISMATCH'],
  )
  conflicts.cleared('w/g/a')
  conflicts.cleared('w/g/a')
  conflicts.cleared('w/g/never')
  assert.deepEqual([...conflicts.reasons.keys()], [2])
  const ends = log.lines.filter(({ level }) => level === 'info')
  assert.equal(ends.length, 2, 'a changed reason ends the first one')
})

test('the tag that was made again under the name takes the place of the one before', () => {
  const log = new RecordedLog()
  const clock = new MemoryClock()
  const audit = new AuditTrail({ sink: new MemoryAuditSink(), clock, log, queueMax: 9, flushEveryMs: 1000 })
  const conflicts = new RangeConflicts(audit, log)
  conflicts.found(tagOf('a', 1), 'why')
  conflicts.found(tagOf('a', 2), 'why')
  assert.deepEqual([...conflicts.reasons.keys()], [2])
})

test('what was lent of a tag is called back with each conflict, and a rival with a layout is remembered till its end', () => {
  const called: string[] = []
  const clock = new MemoryClock()
  const log = new RecordedLog()
  const audit = new AuditTrail({ sink: new MemoryAuditSink(), clock, log, queueMax: 9, flushEveryMs: 1000 })
  const conflicts = new RangeConflicts(audit, log, (path, inConflict) => called.push(`${path} ${inConflict}`))
  conflicts.found(tagOf('a', 1), 'why', true)
  conflicts.found(tagOf('a', 1), 'why', true)
  conflicts.found(tagOf('b', 2), 'why')
  assert.deepEqual(called, ['w/g/a true', 'w/g/b true'])
  assert.deepEqual([conflicts.facesLayout(1), conflicts.facesLayout(2)], [true, false])
  conflicts.cleared('w/g/a')
  assert.equal(conflicts.facesLayout(1), false)
  assert.equal(called.at(-1), 'w/g/a false')
  assert.equal(conflicts.changes, 3)
})
