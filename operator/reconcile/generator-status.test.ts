import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RolloutConditions } from '../core/rollout-decision.ts'
import type { RolloutProgress, RolloutStatus } from '../core/rollout-status.ts'
import { sampleGenerator } from '../render/sample-installations.ts'
import type { GeneratorFacts } from './generator-facts.ts'
import { generatorStatus, sameStatus } from './generator-status.ts'

const FACT = { status: false, reason: 'X', message: '' }
const CONDITIONS: RolloutConditions = { progressing: FACT, healthy: FACT, paused: FACT }
const PROGRESS: RolloutProgress = {
  revision: 'r2',
  state: 'Progressing',
  startedAt: '2026-01-01T00:00:00Z',
  stepIndex: 0,
  stepCount: 2,
  stepsHash: '5 100',
  desiredWeight: 5,
  actualWeight: 25,
  message: 'held',
}

function facts(status: RolloutStatus, change: Partial<GeneratorFacts> = {}): GeneratorFacts {
  return {
    generator: sampleGenerator(),
    nowMs: Date.UTC(2026, 0, 1),
    revisions: [
      { revision: 'r1', createdAt: '2026-01-01T00:00:00Z', replicas: 3, ready: 3, available: 3 },
      { revision: 'r2', createdAt: '2026-01-02T00:00:00Z', replicas: 1, ready: 1, available: 1 },
    ],
    images: new Map([
      ['r1', 'idgen:v1'],
      ['r2', 'idgen:v2'],
    ]),
    pods: { existing: 4, ready: 4, available: 4 },
    tags: { total: 7, ready: 6, usedPercent: '12.3' },
    credentials: { missing: [], certificateNotAfterMs: Date.UTC(2026, 2, 1) },
    migration: { state: 'Done', attempt: 0 },
    wantedRevision: 'r2',
    rollout: { status, conditions: CONDITIONS },
    ...change,
  }
}

const UNDER_WAY: RolloutStatus = { stableRevision: 'r1', canaryRevision: 'r2', rollout: PROGRESS }

describe('status of an IdGenerator', () => {
  test('a rollout under way shows both shares, images and revisions, newest first', () => {
    const status = generatorStatus(facts(UNDER_WAY))
    assert.equal(status.share, '25% (5% wanted)')
    assert.deepEqual([status.stableImage, status.rollout?.image], ['idgen:v1', 'idgen:v2'])
    assert.deepEqual(status.revisions, [
      { revision: 'r2', image: 'idgen:v2', desired: 1, available: 1 },
      { revision: 'r1', image: 'idgen:v1', desired: 3, available: 3 },
    ])
    const refusing = generatorStatus(
      facts(UNDER_WAY, {
        refusedClients: new Map([
          ['r1', ['billing']],
          ['r2', []],
        ]),
      }),
    )
    assert.deepEqual(
      refusing.revisions?.map(({ refusedClients }) => refusedClients),
      [undefined, ['billing']],
    )
    assert.deepEqual(status.bizTags, { total: 7, ready: 6 })
    assert.deepEqual(
      [status.usedPercent, status.readyOfDesired, status.migratedRevision, status.certificateNotAfter],
      ['12.3', '4/3', 'r2', '2026-03-01T00:00:00Z'],
    )
  })

  test('a share that can be had exactly is one figure, and without a rollout all is stable', () => {
    const exact = { ...PROGRESS, desiredWeight: 25 }
    assert.equal(generatorStatus(facts({ ...UNDER_WAY, rollout: exact })).share, '25%')
    assert.equal(generatorStatus(facts({ stableRevision: 'r1' })).share, '100%')
    assert.equal(generatorStatus(facts({})).share, undefined)
  })

  test('with TLS required no plain address is told', () => {
    const generator = sampleGenerator({ tls: { mode: 'Required' } })
    assert.deepEqual(generatorStatus(facts(UNDER_WAY, { generator })).endpoints, {
      https: 'https://orders.shop.svc:8443',
      grpc: 'orders.shop.svc:50051',
    })
  })

  test('the address for Redis clients is told where they are served', () => {
    const respOf = (enabled: boolean) =>
      generatorStatus(facts(UNDER_WAY, { generator: sampleGenerator({ resp: { enabled } }) })).endpoints?.resp
    assert.deepEqual([respOf(true), respOf(false)], ['orders.shop.svc:6399', undefined])
  })

  test('what was not looked at stays as it was', () => {
    const before = generatorStatus(facts(UNDER_WAY))
    const generator = { ...sampleGenerator(), status: before }
    const { rollout: _r, credentials: _c, migration: _m, ...rest } = facts(UNDER_WAY, { generator })
    const after = generatorStatus({ ...rest, obstacle: { reason: 'Suspended', message: 's' } })
    assert.deepEqual(after.rollout, before.rollout)
    assert.deepEqual(
      [after.canaryRevision, after.migratedRevision, after.certificateNotAfter, after.stableImage],
      ['r2', 'r2', '2026-03-01T00:00:00Z', 'idgen:v1'],
    )
  })

  test('texts that are longer than the schema allows are cut', () => {
    const long = 'x'.repeat(5000)
    const status = generatorStatus(
      facts({
        ...UNDER_WAY,
        rollout: { ...PROGRESS, message: long },
        blockedRevisions: [{ revision: 'r0', reason: 'Aborted', message: long, at: '' }],
      }),
    )
    assert.equal(status.rollout?.message?.length, 1024)
    assert.equal(status.blockedRevisions?.[0]?.message?.length, 1024)
  })

  test('it is the same in another order of its lists and fields, and not with another value', () => {
    const status = generatorStatus(facts(UNDER_WAY))
    const { conditions = [], revisions = [], share, ...rest } = status
    assert.ok(share)
    const shuffled = {
      share,
      ...rest,
      revisions: revisions.toReversed(),
      conditions: conditions.toReversed(),
    }
    assert.ok(sameStatus(shuffled, status))
    assert.ok(!sameStatus({ ...status, replicas: 5 }, status))
    assert.ok(!sameStatus(undefined, status))
  })
})
