import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { testCertificate } from '../../test/cluster/test-certificate.ts'
import type { RolloutDecision } from '../core/rollout-decision.ts'
import { newRevision } from '../render/new-revision.ts'
import { sampleGenerator } from '../render/sample-installations.ts'
import { planInstallation } from './generator-installation.ts'
import type { GeneratorPicture } from './generator-picture.ts'
import type { KnownRevision } from './known-revisions.ts'
import type { Deployment } from './kube-kinds.ts'

const FACT = { status: true, reason: 'X', message: '' }
const { revision: WANTED, record: RECORD } = newRevision(sampleGenerator(), { image: 'idgen:v1' })

function deployment(replicas: number): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', uid: 'd', resourceVersion: '1' },
    spec: { replicas },
  }
}

function known(revision: string, change: Partial<KnownRevision> = {}): [string, KnownRevision] {
  return [
    revision,
    { revision, createdAt: '', record: RECORD, deployment: deployment(3), pods: [], ...change },
  ]
}

/** The wanted revision and `more`; no Secret is missing. */
function picture(
  more: readonly [string, KnownRevision][],
  change: Partial<GeneratorPicture> = {},
): GeneratorPicture {
  const revisions = new Map(more)
  const found = [...revisions.values()].filter(({ record }) => record !== undefined)
  const names = new Set([WANTED, ...found.map(({ revision }) => revision)])
  return {
    generator: sampleGenerator(),
    nowMs: 0,
    wanted: WANTED,
    known: revisions,
    endingPods: 0,
    records: new Map([...names].map((name) => [name, RECORD])),
    secrets: { contents: new Map(), problems: [], certificates: [], events: [] },
    secretFacts: new Map(
      [...names].map((name) => [name, { checksum: 'c', etcdClientCertificate: false, missing: [] }]),
    ),
    credentials: { missing: [] },
    migration: { state: 'Done', attempt: 0 },
    deployable: true,
    migrating: false,
    ...change,
  }
}

function decision(change: Partial<RolloutDecision> = {}): RolloutDecision {
  return {
    status: { stableRevision: WANTED },
    replicas: { [WANTED]: 3 },
    events: [],
    conditions: { progressing: FACT, healthy: FACT, paused: FACT },
    annotationsToRemove: [],
    deletableRevisions: [],
    ...change,
  }
}

const WORLD = { optionalKinds: new Set<never>() }

describe('what is to be installed', () => {
  test('a revision that may have no pods yet is only prepared', () => {
    const { installation } = planInstallation(picture([], { deployable: false }), undefined, WORLD)
    assert.deepEqual(
      installation.revisions.map(({ revision, replicas }) => [revision, replicas]),
      [[WANTED, undefined]],
    )
  })

  test('the pods of each revision are those that were decided', () => {
    const plan = planInstallation(
      picture([known(WANTED), known('r0')]),
      decision({ replicas: { [WANTED]: 2, r0: 1 } }),
      WORLD,
    )
    assert.deepEqual(
      plan.installation.revisions.map(({ revision, replicas }) => [revision, replicas]),
      [
        [WANTED, 2],
        ['r0', 1],
      ],
    )
    assert.deepEqual([plan.scaledOnly, plan.released], [[], []])
  })

  test('a revision whose record is lost, or whose Secrets are, is only scaled', () => {
    const lost = picture([known(WANTED), known('r0', { record: undefined })])
    const plan = planInstallation(lost, decision({ replicas: { [WANTED]: 3, r0: 1 } }), WORLD)
    assert.deepEqual(
      plan.scaledOnly.map(({ replicas }) => replicas),
      [1],
    )
    const missing = { checksum: 'c', etcdClientCertificate: false, missing: ['Secret "x" does not exist.'] }
    const without = picture([known(WANTED)], { secretFacts: new Map([[WANTED, missing]]) })
    const { installation, scaledOnly } = planInstallation(
      without,
      decision({ replicas: { [WANTED]: 5 } }),
      WORLD,
    )
    assert.deepEqual(
      scaledOnly.map(({ replicas }) => replicas),
      [5],
    )
    assert.equal(installation.revisions[0]?.replicas, undefined)
  })

  test('a gateway knows pods of two certificates by a name that both are good for', () => {
    const own = testCertificate('orders', 'shop').cert
    const tls = { mode: 'Required', secretName: 'theirs', dnsNames: ['ids.example'] } as const
    const nameFor = (...certificates: string[]): string | undefined => {
      const found = picture([known(WANTED)], { generator: sampleGenerator({ tls }) })
      const secrets = { ...found.secrets, certificates }
      return planInstallation({ ...found, secrets }, undefined, WORLD).installation.backendName
    }
    assert.equal(nameFor(), 'ids.example')
    assert.equal(nameFor(own), 'orders-stable.shop.svc')
    assert.equal(nameFor(own, testCertificate('x', 'y').cert), undefined)
  })

  test('what is beyond the history, or never had pods, is let go of', () => {
    const found = picture([known(WANTED), known('old'), known('never', { deployment: undefined })])
    const plan = planInstallation(found, decision({ deletableRevisions: ['old'] }), WORLD)
    assert.deepEqual(plan.released, ['old', 'never'])
    assert.deepEqual(
      plan.installation.revisions.map(({ revision }) => revision),
      [WANTED],
    )
  })
})
