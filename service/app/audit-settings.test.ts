import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AuditSettings } from './audit-settings.ts'
import type { AuditEntry } from './audit-trail.ts'

test('a change of settings is recorded with where it came from and what it was before', () => {
  const records: AuditEntry[] = []
  const settings = new AuditSettings({ record: (entry) => void records.push(entry) })
  const values = { 'limits.perKey': { before: 0, after: 100 } }
  settings.changed({ source: 'etcd', values, needsRestart: ['server.http.port'] })
  const detail = { values, needsRestart: ['server.http.port'] }
  assert.deepEqual(records, [{ actor: 'etcd', action: 'settings.change', subject: 'settings', detail }])
})

test('settings that are refused are recorded with their faults, not all of thousands', () => {
  const records: AuditEntry[] = []
  const settings = new AuditSettings({ record: (entry) => void records.push(entry) })
  settings.refused(Array.from({ length: 5000 }, (_, i) => ({ path: `k${i}`, message: 'is unknown' })))
  assert.equal(records[0]?.result, 'IDGEN_CONFIG_INVALID')
  const { faults = [] } = (records[0]?.detail ?? {}) as { faults?: unknown[] }
  assert.equal(faults.length, 20)
})
