import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import type { RowLabels } from './thread-messages.ts'
import { TallyReader, type TallyRow, ThreadTally } from './thread-tally.ts'

const SEGMENT = { algorithm: 'segment', degraded: false } as const

let reader: TallyReader
let counts: Map<string, readonly [requests: number, ids: number]>
let messages: number

describe('the tally of a thread', () => {
  beforeEach(() => {
    counts = new Map()
    messages = 0
  })

  test('what is counted is read once, by what was served and who called', () => {
    const tally = newTally()
    tally.served('w/g/t', SEGMENT, 3, 5)
    tally.served('w/g/t', { algorithm: 'uuid-v4', degraded: true }, 1, 1)
    tally.called('key', 'w/g/t', 'ok', 3, 5)
    tally.called('key', 'w/g/t', 'IDGEN_OVERLOADED', 2, 0)
    reader.fold(take)
    assert.deepEqual(Object.fromEntries(counts), {
      'served w/g/t segment ': [3, 5],
      'served w/g/t uuid-v4 degraded': [1, 1],
      'called key w/g/t ok': [3, 5],
      'called key w/g/t IDGEN_OVERLOADED': [2, 0],
    })
    counts.clear()
    reader.fold(take)
    assert.equal(counts.size, 0)
    tally.served('w/g/t', SEGMENT, 1, 1)
    reader.fold(take)
    assert.deepEqual([...counts], [['served w/g/t segment ', [1, 1]]])
  })

  test('rows that are remembered count as those that are looked up, until the tally begins anew', () => {
    const tally = newTally(4)
    let served: TallyRow | undefined
    let called: TallyRow | undefined
    for (let round = 0; round < 6; round += 1) {
      const by = round === 4 ? ({ algorithm: 'snowflake', degraded: true } as const) : SEGMENT
      served = tally.servedAt(served, 'w/g/t', by, 2)
      called = tally.answeredAt(called, round === 3 ? 'other' : 'key', 'w/g/t', 2)
      // Begins anew in the third round.
      if (round === 2) for (let i = 0; i < 4; i += 1) tally.called('key', `w/g/${i}`, 'ok', 1, 1)
      reader.fold(take)
    }
    assert.deepEqual(Object.fromEntries([...counts].filter(([name]) => name.includes('w/g/t'))), {
      'served w/g/t segment ': [10, 10],
      'served w/g/t snowflake degraded': [2, 2],
      'called key w/g/t ok': [10, 10],
      'called other w/g/t ok': [2, 2],
    })
  })

  test('a row is told once, however often it is counted', () => {
    const tally = newTally()
    for (let i = 0; i < 10; i += 1) tally.called('key', 'w/g/t', 'ok', 1, 1)
    assert.equal(messages, 2, 'the memory and one row')
  })

  test('rows beyond the limit go on in new memory, and no count is lost or told twice', () => {
    const tally = newTally(4)
    for (let round = 0; round < 3; round += 1)
      for (let i = 0; i < 10; i += 1) tally.called('key', `w/g/${i}`, 'ok', 1, 2)
    reader.fold(take)
    assert.equal(counts.size, 10)
    for (const count of counts.values()) assert.deepEqual(count, [3, 6])
  })

  test('waits are told by tag, class and what came of them, with their seconds', () => {
    const tally = newTally()
    tally.waited('w/g/t', 3, 4, true)
    tally.waited('w/g/t', 4, 1, true)
    tally.waited('w/g/t', 2000, 1, false)
    reader.fold(take)
    const seconds = counts.get('waited w/g/t late 1')?.[1] ?? 0
    assert.ok(Math.abs(seconds - 0.016) < 1e-9, String(seconds))
    assert.deepEqual([...counts.keys()], ['waited w/g/t late 1', 'waited w/g/t failed 6'])
    assert.deepEqual(
      [...counts.values()].map(([requests]) => requests),
      [5, 1],
    )
  })

  test('a tag is known once IDs of it were given', () => {
    const tally = newTally()
    tally.called('key', 'w/g/t', 'IDGEN_TAG_NOT_FOUND', 1, 0)
    assert.equal(tally.knows('w/g/t'), false)
    tally.served('w/g/t', SEGMENT, 1, 1)
    assert.equal(tally.knows('w/g/t'), true)
  })
})

/** Messages reach the reader as they do in the main thread. */
function newTally(rowsMax?: number): ThreadTally {
  return new ThreadTally((message) => {
    messages += 1
    if (message.kind === 'row') return reader.name(message.row, message.labels)
    if (messages > 1) reader.fold(take)
    reader = new TallyReader(message.memory)
  }, rowsMax)
}

function take(labels: RowLabels, requests: number, ids: number): void {
  const name = labels.join(' ')
  const [before, idsBefore] = counts.get(name) ?? [0, 0]
  counts.set(name, [before + requests, idsBefore + ids])
}
