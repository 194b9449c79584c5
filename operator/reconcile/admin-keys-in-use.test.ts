import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newRevision } from '../render/new-revision.ts'
import { sampleGenerator } from '../render/sample-installations.ts'
import { adminKeysInUse } from './admin-keys-in-use.ts'
import type { KnownRevision } from './known-revisions.ts'

type Auth = ReturnType<typeof sampleGenerator>['spec']['auth']

const OWN: Auth = {}
const THEIRS: Auth = { adminKeySecret: { name: 'theirs', key: 'key' } }
const OTHER_KEY: Auth = { adminKeySecret: { name: 'theirs', key: 'other' } }

function revision(
  name: string,
  { auth, replicas = 3 }: { readonly auth?: Auth; readonly replicas?: number },
): KnownRevision {
  const metadata = { name, uid: name, resourceVersion: '1' }
  const record = auth === undefined ? undefined : newRevision(sampleGenerator({ auth }), { image: '' }).record
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas } }
  return { revision: name, createdAt: '', record, deployment, pods: [] }
}

describe('admin keys in use', () => {
  const rows: readonly [string, Auth, readonly Parameters<typeof revision>[1][], readonly string[]][] = [
    ['the one that the spec names, before any pod', THEIRS, [], ['theirs/key']],
    [
      'that of pods which have another, last',
      THEIRS,
      [{ auth: OWN }],
      ['theirs/key', 'orders-admin/admin-key'],
    ],
    [
      'each once',
      OWN,
      [{ auth: OWN }, { auth: THEIRS }, { auth: THEIRS }],
      ['orders-admin/admin-key', 'theirs/key'],
    ],
    ['two of one Secret', THEIRS, [{ auth: OTHER_KEY }], ['theirs/key', 'theirs/other']],
    ['none of a revision without pods', THEIRS, [{ auth: OWN, replicas: 0 }], ['theirs/key']],
    ["the operator's, where a record is lost", THEIRS, [{}], ['theirs/key', 'orders-admin/admin-key']],
  ]
  for (const [name, auth, revisions, wanted] of rows)
    test(`are ${name}`, () => {
      const known = new Map(revisions.map((about, n) => [String(n), revision(String(n), about)]))
      const found = adminKeysInUse(sampleGenerator({ auth }), known)
      assert.deepEqual(
        found.map((place) => `${place.name}/${place.key}`),
        wanted,
      )
    })
})
