import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpApi } from '../../test/fixtures/http-api.ts'

/** As Alertmanager 0.27 sends it. */
const MESSAGE = {
  version: '4',
  groupKey: '{}:{alertname="IdgenDatabaseUnreachable"}',
  truncatedAlerts: 0,
  status: 'firing',
  receiver: 'audit',
  groupLabels: { alertname: 'IdgenDatabaseUnreachable' },
  commonLabels: {},
  commonAnnotations: {},
  externalURL: 'http://alertmanager:9093',
  alerts: [
    {
      status: 'firing',
      labels: { alertname: 'IdgenDatabaseUnreachable', pod: 'idgen-0', severity: 'critical' },
      annotations: { summary: 'The database does not answer', description: 'x' },
      startsAt: '2026-11-24T12:00:00Z',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: 'http://prometheus:9090/graph',
      fingerprint: 'c1d2',
    },
    { status: 'resolved', labels: { long: 'x'.repeat(1000) }, endsAt: '2026-11-24T12:05:00Z' },
  ],
}

test('each alert of a message becomes a record, without what it does not say and without length', async (t) => {
  const api = await HttpApi.start(t)
  await api.expect(204, 'POST', '/v1/audit/alerts', { body: MESSAGE })
  const records = (await api.memory.audited()).filter(({ action }) => action.startsWith('alert.'))
  assert.deepEqual(
    records.map(({ action, subject, detail }) => [action, subject, detail]),
    [
      [
        'alert.firing',
        'IdgenDatabaseUnreachable',
        {
          labels: MESSAGE.alerts[0]?.labels,
          summary: 'The database does not answer',
          startsAt: '2026-11-24T12:00:00Z',
          endsAt: null,
          fingerprint: 'c1d2',
        },
      ],
      [
        'alert.resolved',
        'unnamed',
        {
          labels: { long: `${'x'.repeat(300)}…` },
          summary: '',
          startsAt: null,
          endsAt: '2026-11-24T12:05:00Z',
          fingerprint: null,
        },
      ],
    ],
  )
})

test('alerts need the scope alert without a limit, which reads nothing, and come in a bounded number and form', async (t) => {
  const api = await HttpApi.start(t)
  for (const draft of [
    { scopes: ['manage', 'issue', 'audit'], within: '' },
    { scopes: ['alert'], within: 'acme' },
  ]) {
    const made = await api.expect(201, 'POST', '/v1/keys', { body: { name: 'x', ...draft } })
    await api.expect(403, 'POST', '/v1/audit/alerts', { body: MESSAGE, key: String(made.body['key']) })
  }
  const { body: teller } = await api.expect(201, 'POST', '/v1/keys', {
    body: { name: 'x', scopes: ['alert'] },
  })
  await api.refuses('IDGEN_FORBIDDEN', 'GET', '/v1/audit', { key: String(teller['key']) })
  await api.refuses('IDGEN_FORBIDDEN', 'GET', '/v1/audit/export', { key: String(teller['key']) })
  const [alert] = MESSAGE.alerts
  for (const body of [
    {},
    { alerts: [{}] },
    { alerts: [{ ...alert, status: 'maybe' }] },
    { alerts: [{ ...alert, labels: { n: 1 } }] },
    { alerts: Array.from({ length: 501 }, () => ({ status: 'firing', labels: {} })) },
  ])
    await api.expect(400, 'POST', '/v1/audit/alerts', { body })
  assert.ok((await api.memory.audited()).every(({ action }) => !action.startsWith('alert.')))
})
