import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { AuditRecord, AuditSink, ChainedRecord } from '../../service/ports/audit-sink.ts'

export interface AuditSinks {
  readonly sink: AuditSink
  /** Everything written so far, in order. */
  written(): Promise<readonly AuditRecord[]>
  close(): Promise<void>
}

/** What every AuditSink must do, run by the memory one and by the real one. */
export function auditSinkContract(name: string, make: () => Promise<AuditSinks>): void {
  describe(`${name} keeps the contract of AuditSink`, () => {
    let sinks: AuditSinks

    before(async () => {
      sinks = await make()
    })
    after(() => sinks?.close())

    it('keeps records as they are, in their order', async () => {
      const full: AuditRecord = {
        ...record('tag.create'),
        workspace: 'w',
        traceId: 'trace',
        detail: { before: null, after: { chain: ['segment'], n: 1.5 }, text: 'ä "quoted" \\u0000' },
      }
      await sinks.sink.write([full, record('key.revoke')])
      await sinks.sink.write([])
      assert.deepEqual((await sinks.written()).slice(-2), [full, record('key.revoke')])
    })

    it('writes a record with a link once, however often it is handed over', async () => {
      const before = (await sinks.written()).length
      const chained = [1, 2].map((seq): ChainedRecord => {
        return { ...record('tag.update'), link: { chain: 'c', seq, previousHash: '0', hash: `${seq}` } }
      })
      await sinks.sink.write(chained.slice(0, 1))
      await sinks.sink.write(chained)
      await sinks.sink.write(chained)
      assert.equal((await sinks.written()).length, before + 2)
    })

    it('takes many records in one call', async () => {
      const before = (await sinks.written()).length
      const many = Array.from({ length: 2500 }, (_, i) => ({ ...record('generate.count'), subject: `t${i}` }))
      await sinks.sink.write(many)
      const after = (await sinks.written()).slice(before)
      assert.deepEqual(
        after.map(({ subject }) => subject),
        many.map(({ subject }) => subject),
      )
    })

    it('takes text that a caller made up, whatever it holds', async () => {
      const before = (await sinks.written()).length
      const nasty = 'a\0b\ud800c'
      await sinks.sink.write([{ ...record('generate'), subject: nasty, detail: { [nasty]: [nasty] } }])
      assert.equal((await sinks.written()).length, before + 1)
    })
  })
}

function record(action: string): AuditRecord {
  return {
    at: new Date(Date.UTC(2026, 10, 24, 12)),
    actor: 'system',
    action,
    subject: 'w/g/t',
    workspace: undefined,
    result: 'ok',
    traceId: undefined,
    detail: {},
  }
}
