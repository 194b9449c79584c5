// Runs beside others: each start is waited for, and nothing is measured.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { until } from '../fixtures/until.ts'
import { testDatabase } from './postgres-server.ts'

const ADMIN = 'settings-admin-key'
const OTHER = 'another-admin-key'

interface Found {
  readonly action: string
  readonly actor: string
  readonly detail: { readonly values: Record<string, unknown> }
}

/** The records of settings, oldest first. */
async function recorded(service: ServiceProcess, key: string): Promise<Found[]> {
  const found: Found[] = []
  for (const action of ['settings.begin', 'settings.change']) {
    let items: readonly Found[] = []
    // A database that is slow on a busy machine is answered by a 503, which says to ask again.
    await until('the audit log is read', async () => {
      const response = await fetch(`${service.httpOrigin}/v1/audit?action=${action}`, {
        headers: { authorization: `Bearer ${key}` },
        signal: AbortSignal.timeout(10_000),
      })
      const body = await response.text()
      if (response.status === 503) return false
      assert.equal(response.status, 200, body)
      items = (JSON.parse(body) as { items: Found[] }).items
      return true
    })
    found.push(...items.toReversed())
  }
  return found
}

test('a restart with other settings is in the audit log once, also where several processes come up with them', async (t) => {
  const database = await testDatabase()
  const services: ServiceProcess[] = []
  // One hook: they run in the order in which they were registered, and the database goes last.
  t.after(async () => {
    await Promise.all(services.map((service) => service.stop('SIGKILL')))
    await database.drop()
  })
  const environment = {
    IDGEN_DATABASE_URL: database.url,
    IDGEN_AUTH_ADMIN_KEY: ADMIN,
    IDGEN_AUDIT_KEY: 'k'.repeat(32),
  }
  const started = async (more: Record<string, string> = {}): Promise<ServiceProcess> => {
    const service = await startService({ ...environment, ...more })
    services.push(service)
    return service
  }

  const first = await started()
  const [begin, ...none] = await recorded(first, ADMIN)
  assert.equal(begin?.action, 'settings.begin')
  assert.deepEqual(begin.detail.values['auth.adminKey'], { before: '', after: '[hidden]' })
  assert.deepEqual(none, [])
  await first.stop('SIGTERM')

  const changed = { IDGEN_LIMITS_PER_KEY: '500', IDGEN_AUTH_ADMIN_KEY: OTHER }
  const pods = await Promise.all([started(changed), started(changed)])
  const [, ...changes] = await recorded(pods[0], OTHER)
  assert.deepEqual(
    changes.map(({ actor, detail }) => [actor, detail.values]),
    [
      [
        'start',
        {
          'auth.adminKey': { before: '[hidden]', after: '[hidden]' },
          'limits.perKey': { before: 0, after: 500 },
        },
      ],
    ],
  )
  await Promise.all(pods.map((pod) => pod.stop('SIGTERM')))

  const back = await started()
  const last = (await recorded(back, ADMIN)).at(-1)
  assert.deepEqual(last?.detail.values['limits.perKey'], { before: 500, after: 0 })
})
