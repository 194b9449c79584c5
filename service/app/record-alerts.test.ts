import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEntry, AuditTrail } from './audit-trail.ts'
import { RecordAlerts } from './record-alerts.ts'

test('secrets that stand in an alert are not kept, wherever they stand', () => {
  const entries: AuditEntry[] = []
  const audit = { record: (entry: AuditEntry) => void entries.push(entry) } as unknown as AuditTrail
  const key = `idg_abcdefghijkl_${'S3cr3t'.repeat(7)}x`
  new RecordAlerts(audit).record({ actor: 'k', traceId: undefined }, [
    {
      status: 'firing',
      labels: {
        alertname: `lost ${key}`,
        url: 'postgres://idgen:hunter2@db/idgen',
        api_token: 'hunter2',
        pod: 'idgen-0',
        dsn: `{"password":"hunter2 hunter2"} PGPASSWORD=hunter2 password="hunter2 'hunter2"`,
        // It begins in what is kept, and ends behind it.
        long: `${'x'.repeat(290)} ${key}`,
      },
      annotations: { summary: `password=hunter2 and Bearer ${'hunter2'.repeat(4)}` },
      startsAt: `token=hunter2`,
      fingerprint: key,
    },
  ])
  const told = JSON.stringify(entries)
  assert.doesNotMatch(told, /hunter2|S3cr3t/)
  assert.match(told, /"pod":"idgen-0"/)
  assert.match(told, /postgres:\/\/idgen:\[hidden\]@db/)
})
