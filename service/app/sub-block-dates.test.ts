import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { MailboxThread } from '../../test/fixtures/mailbox-thread.ts'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { IdgenError } from '../core/errors.ts'
import { IdBatch } from '../core/id-batch.ts'
import { writtenTexts } from '../core/id-printer.ts'
import { SubBlockLender } from './sub-block-lender.ts'

/** Protocol threads and a tag that writes dates: what they do not use of its few numbers is missing for the rest of a date. */

const ACTOR = { actor: 'test', traceId: undefined }
const INVOICE = 'w/g/invoice'
/** Of a day: as many as four digits can write. */
const DAY = 9999

async function serving(t: TestContext) {
  const clock = new MemoryClock(Date.parse('2026-03-31T12:00:00Z'))
  const service = await memoryUseCases({ clock })
  t.after(() => service.stop())
  const { catalog, generate, directory, log } = service.useCases
  await catalog.createWorkspace(ACTOR, 'w', '')
  await catalog.createGroup(ACTOR, 'w', 'g', '')
  const space = { dcCount: 1, format: { reset: 'day', width: 4 } as const }
  await catalog.createTag(ACTOR, { workspace: 'w', group: 'g', name: 'invoice' }, { space })
  const lender = new SubBlockLender({ generate, directory, clock, log, maxCount: 100_000 })
  const newThread = (name: string) => new MailboxThread(lender, clock, name)
  return { clock, lender, newThread }
}

async function take(thread: MailboxThread, ...counts: number[]): Promise<(string[] | string)[]> {
  const asked = counts.map(async (count) => {
    const batch = new IdBatch()
    await thread.borrower.take(INVOICE, count, batch)
    return batch.printer === undefined ? [] : writtenTexts(batch, batch.printer)
  })
  let isOver = false
  const settled = Promise.allSettled(asked).finally(() => {
    isOver = true
  })
  // Each round brings one request further, at least.
  for (let round = 0; !isOver && round < 100; round += 1) await thread.converse()
  assert.ok(isOver, 'an answer for each')
  return (await settled).map((one) =>
    one.status === 'fulfilled' ? one.value : IdgenError.from(one.reason).code,
  )
}

test('threads use all numbers of a day, however fast they ask and however long they pause', async (t) => {
  const { clock, lender, newThread } = await serving(t)
  const threads = [newThread('a'), newThread('b')]
  const all: string[] = []
  for (let round = 0; all.length < DAY; round += 1) {
    const thread = threads[round % 2]
    assert.ok(thread !== undefined)
    for (const texts of await take(
      thread,
      ...[40, 1, 100, 7].filter((count) => all.length + count * 4 < DAY),
    ))
      all.push(...[texts].flat())
    if (DAY - all.length < 600) all.push(...(await take(thread, 1)).flat())
    // Longer than a share lives.
    if (round % 5 === 0) clock.advance(1500)
  }
  assert.equal(new Set(all).size, DAY)
  assert.ok(!all.includes('IDGEN_RANGE_EXHAUSTED'))
  assert.equal(lender.lent, DAY, 'nothing is lent ahead of use')
})

test('requests that ask together for more than there is are answered as far as each alone can be', async (t) => {
  const { newThread } = await serving(t)
  const thread = newThread('a')
  const counts = [4000, 4000, 4000, 10, DAY + 1, 20]
  const outcomes = await take(thread, ...counts)
  assert.deepEqual(
    outcomes.map((one) => (typeof one === 'string' ? one : one.length)),
    [4000, 4000, 'IDGEN_COUNT_OUT_OF_RANGE', 10, 'IDGEN_COUNT_OUT_OF_RANGE', 20],
  )
  const [rest] = await take(newThread('b'), DAY - 8030)
  assert.equal(rest?.length, DAY - 8030, 'what was refused spent nothing')
  assert.equal(new Set([...outcomes.filter((one) => typeof one !== 'string'), rest].flat()).size, DAY)
})
