import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'

test('months of the audit log that retention drops leave a record with their names', async (t) => {
  let tell: ((months: readonly string[]) => void) | undefined
  const memory = await memoryUseCases({
    outside: { retention: { follow: (told) => void (tell = told) } },
    environment: { IDGEN_AUDIT_RETENTION_MONTHS: '24' },
  })
  t.after(() => memory.stop())
  tell?.(['audit_log_202501', 'audit_log_202502'])
  const found = (await memory.audited()).filter(({ action }) => action === 'audit.expire')
  assert.deepEqual(
    found.map(({ actor, result, detail }) => [actor, result, detail]),
    [['system', 'ok', { months: ['audit_log_202501', 'audit_log_202502'], retentionMonths: 24 }]],
  )
})
