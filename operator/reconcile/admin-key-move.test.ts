import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inWorld, pathOf, putGenerator, putTag, type TestWorld } from '../../test/cluster/biz-tag-world.ts'
import { encoded } from '../certificates/secret-data.ts'
import { newRevision } from '../render/new-revision.ts'
import { sampleGenerator } from '../render/sample-installations.ts'
import { SECRET } from './credentials.ts'
import type { KnownRevision } from './known-revisions.ts'
import { ServiceError } from './service-client.ts'

const THEIRS = { name: 'theirs', key: 'key' }
const OWN = { name: 'ids-admin', key: 'admin-key' }

/** With pods that know the key which lies there. */
function revision(adminKeySecret: typeof OWN): KnownRevision {
  const { name } = adminKeySecret
  const { record } = newRevision(sampleGenerator({ auth: { adminKeySecret } }), { image: '' })
  const metadata = { name, uid: name, resourceVersion: '1' }
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas: 3 } }
  return { revision: name, createdAt: '', record, deployment, pods: [] }
}

function onOwn(w: TestWorld): void {
  putGenerator(w)
  putTag(w)
  w.revisions.push(revision(OWN))
}

async function move(w: TestWorld): Promise<void> {
  putGenerator(w, { spec: { auth: { adminKeySecret: THEIRS } } })
  await w.settle(1000)
}

function putTheirs(w: TestWorld): void {
  const metadata = { name: 'theirs', namespace: 'shop' }
  const data = encoded({ key: 'their key\n' })
  w.kube.put(pathOf(SECRET, 'shop', 'theirs'), { apiVersion: 'v1', kind: 'Secret', data, metadata })
}

async function rename(w: TestWorld, displayName: string): Promise<void> {
  putTag(w, { displayName })
  await w.settle(1000)
}

function keys(w: TestWorld): readonly string[] {
  const { key = '', otherKeys = [] } = w.accesses.at(-1) ?? {}
  return [key, ...otherKeys]
}

describe('the admin keys that the operator asks with', () => {
  test('are both while pods know one of two, the newest first, and the new one alone afterwards', async () => {
    await inWorld(onOwn, async (w) => {
      assert.deepEqual(keys(w), ['k'])
      putTheirs(w)
      await move(w)
      assert.deepEqual(keys(w), ['their key', 'k'])
      w.revisions.splice(0, 1, revision(THEIRS))
      await rename(w, 'Invoices')
      assert.deepEqual(keys(w), ['their key'])
    })
  })

  test('are the old one while the new Secret is not there, and tags go on being declared', async () => {
    await inWorld(onOwn, async (w) => {
      await move(w)
      await rename(w, 'Invoices')
      assert.deepEqual(keys(w), ['k'])
      assert.equal(w.ready(), 'True Ready')
      assert.match(w.service.tags.get('shop/orders/invoice')?.settings ?? '', /Invoices/)
    })
  })

  test('are read again at once when a pod refuses them', async () => {
    await inWorld(onOwn, async (w) => {
      await move(w)
      putTheirs(w)
      w.service.before = () => {
        if (!keys(w).includes('their key')) throw refused()
      }
      await rename(w, 'Invoices')
      assert.deepEqual(keys(w), ['their key', 'k'])
      assert.match(w.service.tags.get('shop/orders/invoice')?.settings ?? '', /Invoices/)
    })
  })
})

function refused(): ServiceError {
  return new ServiceError('PUT', {
    code: 'IDGEN_UNAUTHENTICATED',
    status: 401,
    detail: 'The API key is not valid.',
    retryable: false,
    retryAfterMs: undefined,
  })
}
