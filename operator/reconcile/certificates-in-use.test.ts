import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newRevision } from '../render/new-revision.ts'
import { sampleGenerator } from '../render/sample-installations.ts'
import { certificatesInUse } from './certificates-in-use.ts'
import type { KnownRevision } from './known-revisions.ts'
import type { Deployment, Pod } from './kube-kinds.ts'

type Tls = ReturnType<typeof sampleGenerator>['spec']['tls']

const OWN: Tls = { mode: 'Optional' }
const THEIRS: Tls = { mode: 'Optional', secretName: 'theirs' }
const ISSUED: Tls = {
  mode: 'Optional',
  issuerRef: { name: 'company', kind: 'Issuer', group: 'cert-manager.io' },
}

interface About {
  readonly tls?: Tls
  readonly lost?: boolean
  readonly replicas?: number
  readonly pods?: readonly string[]
}

function known(revision: string, { tls = OWN, lost = false, replicas, pods = [] }: About): KnownRevision {
  const metadata = { name: revision, uid: revision, resourceVersion: '1' }
  const { record } = newRevision(sampleGenerator({ tls }), { image: 'idgen:v1' })
  return {
    revision,
    createdAt: '',
    record: lost ? undefined : record,
    deployment:
      replicas === undefined
        ? undefined
        : ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas } } satisfies Deployment),
    pods: pods.map((phase) => ({ apiVersion: 'v1', kind: 'Pod', metadata, status: { phase } }) satisfies Pod),
  }
}

describe('certificates in use', () => {
  const rows: readonly [string, Tls, readonly About[], readonly string[]][] = [
    ['the one that the spec names, before any pod', OWN, [], ['orders-tls']],
    ["cert-manager's, under a name of its own", ISSUED, [], ['orders-issued-tls']],
    ['that of pods which have another', THEIRS, [{ replicas: 3 }], ['theirs', 'orders-tls']],
    [
      "that of pods which have cert-manager's",
      OWN,
      [{ tls: ISSUED, replicas: 3 }],
      ['orders-tls', 'orders-issued-tls'],
    ],
    [
      'each once',
      THEIRS,
      [{ tls: THEIRS, replicas: 1 }, { replicas: 2 }, { replicas: 1 }],
      ['theirs', 'orders-tls'],
    ],
    ['none of a revision without pods', THEIRS, [{ replicas: 0 }], ['theirs']],
    [
      'those of pods on their way out',
      THEIRS,
      [{ replicas: 0, pods: ['Running'] }],
      ['theirs', 'orders-tls'],
    ],
    ['none of pods that have ended', THEIRS, [{ replicas: 0, pods: ['Failed', 'Succeeded'] }], ['theirs']],
    [
      'any, where a record is lost',
      THEIRS,
      [{ lost: true, replicas: 1 }],
      ['theirs', 'orders-issued-tls', 'orders-tls'],
    ],
  ]
  for (const [name, tls, revisions, wanted] of rows)
    test(`are ${name}`, () => {
      const all = new Map(revisions.map((about, n) => [String(n), known(String(n), about)]))
      assert.deepEqual(certificatesInUse(sampleGenerator({ tls }), all), wanted)
    })

  test('are those of stable also after somebody deleted its Deployment', () => {
    const generator = { ...sampleGenerator({ tls: THEIRS }), status: { stableRevision: 'a' } }
    assert.deepEqual(certificatesInUse(generator, new Map([['a', known('a', {})]])), ['theirs', 'orders-tls'])
  })
})
