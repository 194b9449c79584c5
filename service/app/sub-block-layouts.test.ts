import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchNumbers } from '../../test/fixtures/batch-numbers.ts'
import { MailboxThread } from '../../test/fixtures/mailbox-thread.ts'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { IdBatch } from '../core/id-batch.ts'
import type { TagLayout } from '../core/tag-layout.ts'
import { decodeOfTag } from './decode-id.ts'
import { SubBlockLender } from './sub-block-lender.ts'

const ACTOR = { actor: 'test', traceId: undefined }
const PATH = 'w/g/own'
const ROUNDS = 20
const COUNT = 7
const FIELDS = { epochMs: 1_704_067_200_000, dcBits: 3, workerBits: 8 }

const LAYOUTS: readonly (readonly [string, '53-bit' | Partial<TagLayout>, boolean])[] = [
  ['53-bit', '53-bit', true],
  ['of 41 bits of time and 11 of sequence', { timeBits: 41, sequenceBits: 11 }, false],
  ['whose low 14 bits are its sequence', { unitMs: 10, timeBits: 38, sequenceBits: 14 }, false],
  ['of 63 bits', { ...FIELDS, timeBits: 42, sequenceBits: 10 }, false],
  ['of 63 bits without a data centre', { epochMs: 0, timeBits: 47, dcBits: 0, sequenceBits: 8 }, false],
  ['of 53 bits of its own', { timeBits: 40, dcBits: 0, sequenceBits: 5 }, true],
]

for (const [name, snowflake, safe] of LAYOUTS)
  test(`a thread gives out IDs of a layout ${name}, none twice beside the main thread, as numbers ${safe ? 'too' : 'never'}`, async (t) => {
    const service = await memoryUseCases()
    t.after(() => service.stop())
    const { catalog, directory, generate, clock, log, layout } = service.useCases
    await catalog.createWorkspace(ACTOR, 'w', '')
    await catalog.createGroup(ACTOR, 'w', 'g', '')
    // As it comes from a caller: what is left out is filled in.
    const space = { format: { snowflake: snowflake as TagLayout } }
    const ref = { workspace: 'w', group: 'g', name: 'own' }
    await catalog.createTag(ACTOR, ref, { chain: ['snowflake'], space })
    const lender = new SubBlockLender({ generate, directory, clock, log, maxCount: 100_000 })
    const thread = new MailboxThread(lender, service.clock, 'a')
    const all: bigint[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const batch = new IdBatch()
      await answered(thread, thread.borrower.prepare(PATH))
      assert.equal(thread.borrower.issuesBy(PATH)?.safe, safe)
      await answered(thread, thread.borrower.take(PATH, COUNT, batch))
      assert.equal(batch.isSafe, safe)
      const own = new IdBatch()
      await generate.take(await directory.resolve(PATH), COUNT, own)
      all.push(...batchNumbers(batch), ...batchNumbers(own))
      service.clock.advance(100)
    }
    assert.equal(new Set(all).size, ROUNDS * COUNT * 2)
    const { tag } = await directory.resolve(PATH)
    for (const id of all) {
      assert.equal(id < 2n ** 53n || !safe, true, String(id))
      const decoded = decodeOfTag(String(id), tag, layout)
      assert.ok(decoded.kind === 'snowflake' && Math.abs(decoded.timeMs - clock.nowMs()) < 10_000)
    }
  })

async function answered(thread: MailboxThread, request: Promise<void>): Promise<void> {
  // So that a refusal that comes while messages are delivered is not reported as nobody's.
  request.catch(() => {})
  await thread.converse()
  await request
}
