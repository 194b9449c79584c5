import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordedLog } from '../../test/fixtures/recorded-log.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import type { AuditCopy } from '../ports/audit-copy.ts'
import type { ChainedRecord } from '../ports/audit-sink.ts'
import { BoundedCopy, COPY_MAX_MS } from './bounded-copy.ts'

/** Each call ends when it is told to. */
class SlowCopy implements AuditCopy {
  missed = 0
  readonly calls: { readonly count: number; readonly end: (missed: number) => void }[] = []

  async add(records: readonly ChainedRecord[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<number>()
    this.calls.push({ count: records.length, end: resolve })
    this.missed += await promise
  }
}

function records(count: number): ChainedRecord[] {
  return Array.from({ length: count }, () => ({
    at: new Date(0),
    actor: 'k',
    action: 'a',
    subject: 's',
    workspace: undefined,
    result: 'ok',
    traceId: undefined,
    detail: {},
  }))
}

async function hung() {
  const [slow, clock, log] = [new SlowCopy(), new MemoryClock(), new RecordedLog()]
  const copy = new BoundedCopy(slow, { clock, log })
  const added = copy.add(records(3))
  await settle()
  clock.advance(COPY_MAX_MS)
  await added
  await copy.add(records(2))
  return { slow, clock, log, copy }
}

test('while one call hangs there is no other, and what passes it is counted', async () => {
  const { slow, copy, log } = await hung()
  assert.deepEqual([slow.calls.length, copy.missed], [1, 5])
  assert.deepEqual(
    log.lines.map(({ text }) => text),
    ['audit file cannot be written'],
  )
})

for (const { how, missed, told } of [
  { how: 'well', missed: 0, told: ['audit file cannot be written', 'audit file takes records again'] },
  { how: 'badly', missed: 3, told: ['audit file cannot be written'] },
])
  test(`once a call that hung ended ${how} the copy is used again, and nothing is counted twice`, async () => {
    const { slow, clock, copy, log } = await hung()
    slow.calls[0]?.end(missed)
    await settle()
    assert.equal(copy.missed, 5)
    const added = copy.add(records(1))
    slow.calls[1]?.end(0)
    await added
    assert.deepEqual([slow.calls.length, copy.missed, clock.pending], [2, 5, 0])
    assert.deepEqual(
      log.lines.map(({ text }) => text),
      told,
    )
  })
