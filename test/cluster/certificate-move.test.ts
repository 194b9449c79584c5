import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BIZ_TAG, type BizTag } from '../../operator/api/kinds.ts'
import { COMMANDS } from '../../operator/api/marks.ts'
import { conditionOf } from '../../operator/core/biz-tag-conditions.ts'
import { decoded, SECRET, type Secret } from '../../operator/reconcile/credentials.ts'
import { newNamespace, until } from './cluster-world.ts'
import { installDefinitions } from './custom-resources.ts'
import { GeneratorWorld, QUICK_CANARY, told } from './generator-world.ts'
import { KubeApi } from './kube-api.ts'
import { missingPrograms } from './kube-programs.ts'
import { testCertificate } from './test-certificate.ts'
import { TlsService } from './tls-service.ts'

const missing = missingPrograms('kube-apiserver', 'kube-controller-manager')

if (missing !== undefined) test('a change of certificates on a real API server', { skip: missing }, () => {})

const CANARY = {
  ...QUICK_CANARY,
  steps: [{ weight: 34, hold: '1s', requireApproval: true }, { weight: 100 }],
}

describe('a change of certificates on a real API server', { skip: missing !== undefined }, () => {
  let api: KubeApi
  let service: TlsService
  let world: GeneratorWorld
  before(async () => {
    api = await KubeApi.start()
    await api.startControllers()
    await installDefinitions(api.client())
    const namespace = await newNamespace(api.client())
    service = await TlsService.start('orders', namespace)
    const env = { IDGEN_OPERATOR_SERVICE_ADDRESS: service.access.address }
    world = await GeneratorWorld.start(api, { namespace, env })
    await world.createSecret('admin', { key: service.access.key })
    await world.createSecret('old', service.secret)
  })
  after(async () => {
    await world?.close()
    await service?.close()
    await api?.close()
  })

  async function apply(secretName: string): Promise<void> {
    const auth = { adminKeySecret: { name: 'admin', key: 'key' } }
    await world.applyGenerator({ auth, tls: { secretName }, canary: CANARY })
  }

  async function applyTag(displayName: string): Promise<void> {
    await world.client.send({
      method: 'PATCH',
      path: world.path(BIZ_TAG, 'invoice'),
      query: { fieldManager: 'kubectl', force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: {
        apiVersion: 'idgen.io/v1alpha1',
        kind: 'BizTag',
        metadata: { name: 'invoice' },
        spec: {
          generatorRef: { name: 'orders' },
          workspace: 'shop',
          group: 'sales',
          tag: 'invoice',
          displayName,
          credentialsSecret: { name: 'creds' },
        },
      },
    })
    await until(`the tag is called ${displayName}`, async () => {
      const tag = await world.find<BizTag>(BIZ_TAG, 'invoice')
      const ready = conditionOf(tag?.status?.conditions, 'Ready')
      return ready?.status === 'True' && ready.observedGeneration === tag?.metadata.generation
    })
  }

  async function trusts(wanted: string): Promise<void> {
    let last: string | undefined
    await until('applications trust what they should', async () => {
      last = decoded(await world.find<Secret>(SECRET, 'creds'), 'ca.crt')
      return last === wanted
    }).catch(() => assert.equal(last, wanted))
  }

  test('the operator reaches pods with the old one, and applications trust both until it is gone', async () => {
    const old = service.secret['ca.crt']
    const { ca, cert, key } = testCertificate('orders', world.namespace)
    await world.startOperator()
    await apply('old')
    await world.becomes('it is ready', (it) => told(it, 'Ready') === 'True Ready')
    await applyTag('one')
    await trusts(old)
    await apply('new')
    await world.becomes('it waits for it', (it) => told(it, 'CredentialsValid') === 'False SecretMissing')
    // Nobody tells of this Secret: the operator looks for it, and tags are told.
    await world.createSecret('new', { 'ca.crt': ca })
    await trusts(ca + old)
    await world.patch(SECRET, 'new', { stringData: { 'tls.crt': cert, 'tls.key': key } })
    const held = await world.becomes('it waits', (it) => it.status?.rollout?.pause !== undefined)
    assert.equal(held.status?.share, '33% (34% wanted)')
    await trusts(ca + old)
    // The service still answers with the old one.
    await applyTag('two')
    const canary = held.status?.canaryRevision ?? ''
    await world.annotate({ [COMMANDS.promote]: canary })
    await world.becomes('it is promoted', (it) => it.status?.stableRevision === canary)
    await trusts(ca)
  })
})
