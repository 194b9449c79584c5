import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { AuditFilter, AuditOrder, AuditPosition, AuditQuery } from '../../service/ports/audit-query.ts'
import type { AuditRecord, AuditSink } from '../../service/ports/audit-sink.ts'

export interface AuditQueries {
  readonly sink: AuditSink
  readonly query: AuditQuery
  close(): Promise<void>
}

/** What every AuditQuery must do, run by the memory one and by the real one. */
export function auditQueryContract(name: string, make: () => Promise<AuditQueries>): void {
  describe(`${name} keeps the contract of AuditQuery`, () => {
    let queries: AuditQueries

    before(async () => {
      queries = await make()
      await queries.sink.write(RECORDS)
    })
    after(() => queries?.close())

    async function subjects(filter: AuditFilter, order: AuditOrder = 'oldest'): Promise<string[]> {
      const found = await queries.query.find(filter, undefined, order, 100)
      return found.map(({ subject }) => subject)
    }

    it('answers in the order of time, either way, whatever the order of writing was', async () => {
      const oldest = ['w', 'w/g', 'w/g/t', 'w/g/tt', 'w/h', 'v', 'k1']
      assert.deepEqual(await subjects({}), oldest)
      assert.deepEqual(await subjects({}, 'newest'), oldest.toReversed())
    })

    it('gives records back as they were written', async () => {
      const [{ id: _id, ...found } = { id: 0 }] = await queries.query.find({}, undefined, 'newest', 1)
      assert.deepEqual(found, RECORDS[0])
    })

    it('filters by each field, and by all together', async () => {
      assert.deepEqual(await subjects({ from: at(5) }), ['v', 'k1'])
      assert.deepEqual(await subjects({ to: at(1) }), ['w'])
      assert.deepEqual(await subjects({ actor: 'a2' }), ['w/h'])
      assert.deepEqual(await subjects({ action: 'tag.create' }), ['w/g/t', 'w/g/tt'])
      assert.deepEqual(await subjects({ subject: 'w/g' }), ['w/g'])
      assert.deepEqual(await subjects({ workspace: 'v' }), ['v'])
      assert.deepEqual(await subjects({ result: 'IDGEN_FORBIDDEN' }), ['v'])
      assert.deepEqual(await subjects({ traceId: 'trace' }), ['w/g/t'])
      assert.deepEqual(await subjects({ action: 'tag.create', traceId: 'trace', workspace: 'v' }), [])
    })

    it('shows of a part what lies in it, and nothing of a neighbour with a like name', async () => {
      assert.deepEqual(await subjects({ within: 'w' }), ['w', 'w/g', 'w/g/t', 'w/g/tt', 'w/h'])
      assert.deepEqual(await subjects({ within: 'w/g' }), ['w/g', 'w/g/t', 'w/g/tt'])
      assert.deepEqual(await subjects({ within: 'w/g/t' }), ['w/g/t'])
      assert.deepEqual(await subjects({ within: 'w_g' }), [])
    })

    for (const order of ['oldest', 'newest'] as const)
      it(`passes over nothing and repeats nothing page by page, ${order} first, while others write`, async () => {
        const whole = await queries.query.find({ to: at(100) }, undefined, order, 100)
        const paged: AuditPosition[] = []
        for (let page = 0; page < whole.length + 1; page += 1) {
          const found = await queries.query.find({ to: at(100) }, paged.at(-1), order, 2)
          paged.push(...found)
          await queries.sink.write([record(200 + page, 'later')])
        }
        assert.deepEqual(paged, whole)
      })
  })
}

function at(second: number): Date {
  return new Date(Date.UTC(2026, 10, 24, 12, 0, second))
}

function record(second: number, subject: string, more: Partial<AuditRecord> = {}): AuditRecord {
  return {
    at: at(second),
    actor: 'a1',
    action: 'group.create',
    subject,
    workspace: subject.split('/')[0],
    result: 'ok',
    traceId: undefined,
    detail: { n: 1 },
    ...more,
  }
}

/** The latest first; some of one moment. */
const RECORDS = [
  record(6, 'k1', { workspace: undefined, action: 'key.create', detail: { before: null, after: { a: 1 } } }),
  record(0, 'w'),
  record(1, 'w/g'),
  record(2, 'w/g/t', { action: 'tag.create', traceId: 'trace' }),
  record(2, 'w/g/tt', { action: 'tag.create' }),
  record(4, 'w/h', { actor: 'a2' }),
  record(5, 'v', { result: 'IDGEN_FORBIDDEN' }),
]
