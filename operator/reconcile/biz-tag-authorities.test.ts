import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inWorld, pathOf, putGenerator, putTag, type TestWorld } from '../../test/cluster/biz-tag-world.ts'
import { testCertificate } from '../../test/cluster/test-certificate.ts'
import { encoded } from '../certificates/secret-data.ts'
import { newRevision } from '../render/new-revision.ts'
import { sampleGenerator } from '../render/sample-installations.ts'
import { decoded, SECRET } from './credentials.ts'
import type { KnownRevision } from './known-revisions.ts'

const OWN = testCertificate('ids', 'shop').ca
const THEIRS = testCertificate('ids', 'shop').ca

/** With pods on the Secret. */
function revision(secretName: string): KnownRevision {
  const { record } = newRevision(sampleGenerator({ tls: { mode: 'Optional', secretName } }), { image: '' })
  const metadata = { name: secretName, uid: secretName, resourceVersion: '1' }
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas: 3 } }
  return { revision: secretName, createdAt: '', record, deployment, pods: [] }
}

function putAuthority(w: TestWorld, name: string, ca: string, labels = {}): void {
  const metadata = { name, namespace: 'shop', labels }
  const data = encoded({ 'ca.crt': ca })
  w.kube.put(pathOf(SECRET, 'shop', name), { apiVersion: 'v1', kind: 'Secret', data, metadata })
}

/** All pods have the operator's certificate, and the tag wants a Secret. */
function onOwn(w: TestWorld): void {
  putGenerator(w)
  putAuthority(
    w,
    'ids-tls',
    OWN,
    w.kube.objects.get(pathOf(SECRET, 'shop', 'ids-tls'))?.metadata['labels'] ?? {},
  )
  putTag(w, { credentialsSecret: { name: 'creds' } })
  w.revisions.push(revision('ids-tls'))
}

function move(w: TestWorld): void {
  const generator = { spec: { tls: { mode: 'Optional', secretName: 'theirs' } } }
  const own = w.secret('ids-tls')
  putGenerator(w, generator)
  w.kube.put(pathOf(SECRET, 'shop', 'ids-tls'), { ...own })
}

function trusted(w: TestWorld): string | undefined {
  return decoded(w.secret('creds'), 'ca.crt')
}

describe('the authorities that applications are given', () => {
  test('are both while pods have two certificates, and the new one alone afterwards', async () => {
    await inWorld(onOwn, async (w) => {
      assert.equal(trusted(w), OWN)
      putAuthority(w, 'theirs', THEIRS)
      move(w)
      await w.settle(1000)
      assert.equal(trusted(w), THEIRS + OWN)
      w.revisions.splice(0, 1, revision('theirs'))
      w.started.authorityChanged('shop/ids')
      await w.settle(1000)
      assert.equal(trusted(w), THEIRS)
    })
  })

  test('are the old one while the new Secret is not there, and tags go on being declared', async () => {
    await inWorld(onOwn, async (w) => {
      move(w)
      await w.settle(1000)
      putTag(w, { credentialsSecret: { name: 'creds' }, displayName: 'Invoices' })
      await w.settle(1000)
      assert.equal(trusted(w), OWN)
      assert.equal(w.ready(), 'True Ready')
      assert.match(w.service.tags.get('shop/orders/invoice')?.settings ?? '', /Invoices/)
      // Nobody hears of a Secret of people; that the operator took it in is heard of.
      putAuthority(w, 'theirs', THEIRS)
      w.started.authorityChanged('shop/ids')
      await w.settle(1000)
      assert.equal(trusted(w), THEIRS + OWN)
    })
  })

  test('are not looked for where no IdGenerator is', async () => {
    await inWorld(onOwn, async (w) => {
      const { length } = w.kube.asked
      w.started.authorityChanged('shop/nobody')
      await w.settle(1000)
      assert.equal(w.kube.asked.length, length)
    })
  })
})
