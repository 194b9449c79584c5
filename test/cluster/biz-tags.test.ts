// Runs beside others: a deletion is held to a second and two more, which a busy machine may take.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Secret } from '../../operator/reconcile/credentials.ts'
import { isCode } from '../../operator/reconcile/service-client.ts'
import { HttpsServiceClient } from '../../operator/reconcile/service-client-https.ts'
import { BizTagCluster } from './biz-tag-cluster.ts'
import { newNamespace, until } from './cluster-world.ts'
import { missingPrograms } from './kube-programs.ts'
import { askIds } from './tls-service.ts'

const missing = missingPrograms('kube-apiserver')

// A group that is left out says nothing; a test says why.
if (missing !== undefined) test('BizTags on a real API server', { skip: missing }, () => {})

describe('BizTags on a real API server and a real service', { skip: missing !== undefined }, () => {
  let cluster: BizTagCluster
  before(async () => {
    cluster = await BizTagCluster.start()
    await cluster.lead()
  })
  after(() => cluster?.close())

  test('a tag is ready, has a finalizer, a status and an event, and is not written again', async () => {
    await cluster.create('first', { displayName: 'First' })
    await cluster.becomes('first', 'True Ready')
    const tag = await cluster.tag('first')
    assert.deepEqual(tag?.metadata.finalizers, ['idgen.io/tag'])
    assert.equal(tag?.status?.path, 'shop/orders/first')
    assert.equal(tag?.status?.observedGeneration, 1)
    assert.equal(tag?.status?.datacenters?.[0]?.rangeStart, '1')
    await cluster.patch('first', { metadata: { annotations: { 'example.com/touched': 'yes' } } })
    const { resourceVersion } = (await cluster.tag('first'))?.metadata ?? {}
    await cluster.create('second')
    await cluster.becomes('second', 'True Ready')
    assert.equal((await cluster.tag('first'))?.metadata.resourceVersion, resourceVersion)
    assert.ok((await cluster.reasons('first')).includes('SegmentsInitialized'))
  })

  test('a change of spec reaches the service, and a bad one is told', async () => {
    await cluster.create('changed')
    await cluster.becomes('changed', 'True Ready')
    await cluster.patch('changed', { spec: { algorithm: 'snowflake' } })
    await cluster.becomes('changed', 'True Ready')
    await cluster.create('tight', { space: { cellSize: 1000 }, step: { base: 100, max: 5000 } })
    await cluster.becomes('tight', 'False SpecInvalid')
  })

  test('its Secret opens this tag and no other, until it is taken out of spec', async () => {
    await cluster.create('secured', { credentialsSecret: { name: 'creds' } })
    await cluster.becomes('secured', 'True Ready')
    const { data } = await cluster.client.send<Secret>({
      method: 'GET',
      path: `/api/v1/namespaces/${cluster.namespace.name}/secrets/creds`,
    })
    const entry = (name: string): string => Buffer.from(data?.[name] ?? '', 'base64').toString()
    assert.equal(entry('path'), 'shop/orders/secured')
    const access = { ...cluster.service.access, ca: entry('ca.crt'), key: entry('key') }
    const path = { workspace: 'shop', group: 'orders', tag: 'secured' }
    assert.equal(await askIds(access, path, 1), 200)
    assert.equal(await askIds(access, { ...path, tag: 'first' }, 1), 403)
    await cluster.patch('secured', { spec: { credentialsSecret: null } })
    await cluster.becomes('secured', 'True Ready')
    await until('the key is refused', async () => (await askIds(access, path, 1)) === 401)
  })

  test('of two that claim one tag the second waits, and takes over when the first goes', async () => {
    await cluster.create('claim-a', { tag: 'claimed' })
    await cluster.becomes('claim-a', 'True Ready')
    await cluster.create('claim-b', { tag: 'claimed' })
    await cluster.becomes('claim-b', 'False TagAlreadyClaimed')
    await cluster.delete('claim-a')
    await cluster.goes('claim-a')
    await cluster.becomes('claim-b', 'True Ready')
    assert.ok((await cluster.reasons('claim-b')).includes('TagAlreadyClaimed'))
  })

  test('a namespace needs the label that the IdGenerator asks for', async () => {
    const other = await newNamespace(cluster.client)
    await cluster.create('foreign', {}, other)
    await cluster.becomes('foreign', 'False NamespaceNotAllowed', other)
    const labelled = await newNamespace(cluster.client)
    const path = `/api/v1/namespaces/${labelled}`
    const body = { metadata: { labels: { ids: 'yes' } } }
    await cluster.client.send({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body })
    await cluster.create('welcome', {}, labelled)
    await cluster.becomes('welcome', 'True Ready', labelled)
  })

  test('with Retain and a silent service a deletion takes a second, and the tag is taken over later', async () => {
    await cluster.create('kept', { tag: 'kept' })
    await cluster.becomes('kept', 'True Ready')
    cluster.service.pause()
    const startedMs = performance.now()
    try {
      await cluster.delete('kept')
      await cluster.goes('kept')
    } finally {
      cluster.service.resume()
    }
    const tookMs = performance.now() - startedMs
    assert.ok(tookMs < 1000 + SLACK_MS, `${tookMs} ms`)
    await cluster.create('heir', { tag: 'kept' })
    await cluster.becomes('heir', 'True Ready')
    assert.ok((await cluster.reasons('kept')).includes('DataRetained'))
  })

  test('with Purge and the service away a deletion waits, and is done when it is back', async () => {
    await cluster.create('purged', { deletionPolicy: 'Purge' })
    await cluster.becomes('purged', 'True Ready')
    const before = await cluster.tag('purged')
    await cluster.service.goAway()
    await cluster.delete('purged')
    await cluster.becomes('purged', 'False ServiceUnreachable')
    await cluster.service.comeBack()
    await cluster.goes('purged', 60_000)
    await cluster.create('purged')
    await cluster.becomes('purged', 'True Ready')
    assert.notEqual((await cluster.tag('purged'))?.status?.tagId, before?.status?.tagId)
  })

  test('an old leader that writes late changes nothing', async () => {
    const old = await cluster.create('led')
    await cluster.becomes('led', 'True Ready')
    await cluster.patch('led', { spec: { displayName: 'New' } })
    await cluster.becomes('led', 'True Ready')
    const client = new HttpsServiceClient(cluster.service.access)
    const path = { workspace: 'shop', group: 'orders', tag: 'led' }
    const now = await client.find(path, AbortSignal.any([]))
    assert.equal(now?.generation, 2)
    const owner = now?.owner ?? assert.fail('nobody declares it')
    const lateBody = { owner, generation: 1, spec: { displayName: 'Old' } }
    const late = client.declare(path, lateBody, AbortSignal.any([]))
    await assert.rejects(late, (thrown: unknown) => isCode(thrown, 'IDGEN_DECLARATION_STALE'))
    await cluster.delete('led')
    await cluster.goes('led')
    const after = client.declare(path, { owner, generation: 3, spec: {} }, AbortSignal.any([]))
    await assert.rejects(after, (thrown: unknown) => isCode(thrown, 'IDGEN_DECLARATION_STALE'))
    client.close()
    assert.equal(old.metadata.generation, 1)
  })

  test('the next leader finds all as it was, and writes nothing', async () => {
    await cluster.create('stays')
    await cluster.becomes('stays', 'True Ready')
    const { resourceVersion } = (await cluster.tag('stays'))?.metadata ?? {}
    await cluster.stopLeading()
    await cluster.lead()
    await cluster.create('after')
    await cluster.becomes('after', 'True Ready')
    assert.equal((await cluster.tag('stays'))?.metadata.resourceVersion, resourceVersion)
  })
})

/** The machine also runs other tests. */
const SLACK_MS = 2000
