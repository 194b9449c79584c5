import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Secret } from '../../operator/reconcile/kube-kinds.ts'
import { KINDS, OPTIONAL_KINDS } from '../../operator/render/object-kinds.ts'
import { until } from './cluster-world.ts'
import { installDefinitions } from './custom-resources.ts'
import { define, foreignDefinitions } from './foreign-kinds.ts'
import { GeneratorWorld, told } from './generator-world.ts'
import { KubeApi } from './kube-api.ts'
import { missingPrograms } from './kube-programs.ts'

const foreign = foreignDefinitions()
const missing =
  missingPrograms('kube-apiserver', 'kube-controller-manager') ??
  ('missing' in foreign ? foreign.missing : undefined)

// A group that is left out says nothing; a test says why.
if (missing !== undefined) test('kinds of other projects, looked after', { skip: missing }, () => {})

describe('kinds of other projects, looked after', { skip: missing !== undefined }, () => {
  let api: KubeApi
  let world: GeneratorWorld
  before(async () => {
    api = await KubeApi.start()
    await api.startControllers()
    const client = api.client()
    await installDefinitions(client)
    const kinds = OPTIONAL_KINDS.map((name) => KINDS[name])
    if ('files' in foreign) await define(client, foreign.files, kinds)
    world = await GeneratorWorld.start(api)
    await world.startOperator()
  })
  after(async () => {
    await world?.close()
    await api?.close()
  })

  const GATEWAY = {
    parentRefs: [{ name: 'gate' }],
    hostnames: ['a.example.com'],
    grpcHostnames: ['g.example.com'],
  }

  test('they are made where they are wanted, set back when they are changed, and go when they are not', async () => {
    await world.applyGenerator({ gateway: GATEWAY })
    await world.becomes('it is ready', (it) => told(it, 'Ready') === 'True Ready')
    for (const kind of [KINDS.HTTPRoute, KINDS.GRPCRoute, KINDS.ServiceMonitor, KINDS.PrometheusRule])
      assert.ok(await world.find(kind, 'orders'), kind.kind)
    await world.remove(KINDS.ServiceMonitor, 'orders')
    await until('it is back', async () => (await world.find(KINDS.ServiceMonitor, 'orders')) !== undefined)
    await world.applyGenerator({ monitoring: { serviceMonitor: false } })
    for (const kind of [KINDS.HTTPRoute, KINDS.GRPCRoute, KINDS.ServiceMonitor])
      await until(`${kind.kind} is gone`, async () => (await world.find(kind, 'orders')) === undefined)
    assert.ok(await world.find(KINDS.PrometheusRule, 'orders'))
  })

  test("an issuer's certificate is asked for, and waited for before any pod", async () => {
    const other = await GeneratorWorld.start(api)
    try {
      await other.startOperator()
      await other.applyGenerator({ tls: { issuerRef: { name: 'company' } } })
      const waiting = await other.becomes('it says so', (it) => told(it, 'CredentialsValid') !== '')
      assert.equal(told(waiting, 'CredentialsValid'), 'False SecretMissing')
      await until(
        'the Certificate is there',
        async () => (await other.find(KINDS.Certificate, 'orders')) !== undefined,
      )
      // As cert-manager would make it.
      const made = await world.find<Secret>(
        { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true },
        'orders-tls',
      )
      await other.client.send({
        method: 'POST',
        path: `/api/v1/namespaces/${other.namespace}/secrets`,
        body: {
          apiVersion: 'v1',
          kind: 'Secret',
          type: 'kubernetes.io/tls',
          metadata: { name: 'orders-issued-tls' },
          data: made?.data,
        },
      })
      const ready = await other.becomes('it is ready', (it) => told(it, 'Ready') === 'True Ready')
      assert.match(ready.status?.certificateNotAfter ?? '', /^20/)
    } finally {
      await other.close()
    }
  })
})
