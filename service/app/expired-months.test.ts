import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import type { AuditRecord } from '../ports/audit-sink.ts'
import type { RecordExpiry } from '../ports/retention.ts'

test('months that retention is about to drop stand in the audit log by their names first, or are not to go', async (t) => {
  let record: RecordExpiry = () => assert.fail('nobody follows')
  const written: AuditRecord[] = []
  const state = { away: false }
  const auditSink = {
    write(records: readonly AuditRecord[]): Promise<void> {
      if (state.away) return Promise.reject(new Error('away'))
      written.push(...records)
      return Promise.resolve()
    },
  }
  const memory = await memoryUseCases({
    outside: { auditSink, retention: { follow: (given) => void (record = given) } },
    environment: { IDGEN_AUDIT_RETENTION_MONTHS: '24' },
  })
  t.after(() => memory.stop())
  const months = ['audit_log_202501', 'audit_log_202502']
  assert.equal(await record(months), true)
  assert.deepEqual(
    written
      .filter(({ action }) => action === 'audit.expire')
      .map(({ actor, result, detail }) => [actor, result, detail]),
    [['system', 'ok', { months, retentionMonths: 24 }]],
  )
  state.away = true
  assert.equal(await record(months), false)
})
