import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ConditionFact, RolloutConditions } from '../core/rollout-decision.ts'
import type { RevisionState } from '../core/rollout-snapshot.ts'
import type { BlockedRevision } from '../core/rollout-status.ts'
import { sampleGenerator } from '../render/sample-installations.ts'
import { generatorConditions } from './generator-conditions.ts'
import type { GeneratorFacts } from './generator-facts.ts'

const NOW_MS = Date.UTC(2026, 0, 2)
const YES: ConditionFact = { status: true, reason: 'Fine', message: 'fine' }
const NO: ConditionFact = { status: false, reason: 'Not', message: 'not' }
const CALM: RolloutConditions = { progressing: NO, healthy: YES, paused: NO }

function pods(available: number): GeneratorFacts['pods'] {
  return { existing: 3, ready: available, available }
}

/** All is well, but for `change`. */
function facts(change: Partial<GeneratorFacts> = {}): GeneratorFacts {
  return {
    generator: sampleGenerator(),
    nowMs: NOW_MS,
    revisions: [],
    images: new Map(),
    pods: pods(3),
    tags: { total: 0, ready: 0 },
    credentials: { missing: [] },
    migration: { state: 'Done', attempt: 0 },
    rollout: { status: { stableRevision: 'r1' }, conditions: CALM },
    ...change,
  }
}

function rollout(conditions: Partial<RolloutConditions>, blocked: readonly BlockedRevision[] = []) {
  return {
    status: { stableRevision: 'r1', blockedRevisions: blocked },
    conditions: { ...CALM, ...conditions },
  }
}

const BLOCKED: BlockedRevision = { revision: 'r2', reason: 'AnalysisFailed', message: 'bad', at: '' }
const CRASHING: RevisionState = {
  revision: 'r1',
  createdAt: '',
  replicas: 3,
  ready: 0,
  available: 0,
  failing: { reason: 'CrashLoopBackOff', message: 'pod p' },
}

describe('conditions of an IdGenerator', () => {
  const rows: readonly [name: string, facts: GeneratorFacts, told: Readonly<Record<string, string>>][] = [
    [
      'all is well',
      facts(),
      {
        Ready: 'True Ready',
        Available: 'True PodsAvailable',
        Reconciling: '',
        Stalled: '',
        Paused: 'False Not',
      },
    ],
    [
      'some pods are missing',
      facts({ pods: pods(2) }),
      { Ready: 'False PodsNotReady', Available: 'True PodsAvailable', Reconciling: 'True PodsNotReady' },
    ],
    [
      'all pods are missing',
      facts({ pods: pods(0), revisions: [CRASHING] }),
      { Ready: 'False NoPodAvailable', Available: 'False NoPodAvailable', Stalled: '' },
    ],
    [
      'a Secret that changed restarts pods, and the new ones do not come up beside the old',
      facts({ revisions: [{ ...CRASHING, ready: 3, available: 3 }] }),
      { Ready: 'False PodsFailing', Available: 'True PodsAvailable', Reconciling: 'True PodsFailing' },
    ],
    [
      'pods of the canary fail, which is its own story',
      facts({
        revisions: [CRASHING],
        rollout: { status: { stableRevision: 'r0', canaryRevision: 'r1' }, conditions: CALM },
      }),
      { Ready: 'True Ready' },
    ],
    [
      'pods fail of which no more are wanted',
      facts({ revisions: [{ ...CRASHING, replicas: 0 }] }),
      { Ready: 'True Ready' },
    ],
    [
      'no pods are wanted',
      facts({ pods: pods(0), generator: sampleGenerator({ replicas: 0 }) }),
      { Ready: 'True ScaledToZero', Available: 'False ScaledToZero', Reconciling: '' },
    ],
    [
      'a Secret is missing',
      facts({ credentials: { missing: ['Secret "x" does not exist.'] } }),
      {
        Ready: 'False SecretMissing',
        CredentialsValid: 'False SecretMissing',
        Reconciling: 'True SecretMissing',
      },
    ],
    [
      'the first migration runs',
      facts({ pods: pods(0), migration: { state: 'Running', attempt: 1 } }),
      { Ready: 'False MigrationRunning', DatabaseReady: 'False MigrationRunning' },
    ],
    [
      'the migration of a new revision runs',
      facts({ migration: { state: 'Running', attempt: 1 } }),
      { Ready: 'True Migrating', Reconciling: 'True Migrating' },
    ],
    [
      'a migration failed',
      facts({ migration: { state: 'Failed', attempt: 2, message: 'no route' } }),
      { Ready: 'False MigrationFailed', DatabaseReady: 'False MigrationFailed' },
    ],
    [
      'migrations are left to others',
      facts({ migration: { state: 'NotManaged', attempt: 0 } }),
      { Ready: 'True Ready', DatabaseReady: 'True NotManaged' },
    ],
    [
      'a canary runs',
      facts({ rollout: rollout({ progressing: YES }) }),
      { Ready: 'True RollingOut', Reconciling: 'True RollingOut', RolloutProgressing: 'True Fine' },
    ],
    [
      'a canary waits for people',
      facts({ rollout: rollout({ progressing: YES, paused: YES }) }),
      { Ready: 'True Fine', Paused: 'True Fine' },
    ],
    [
      'a canary fails its judgements so far',
      facts({ rollout: rollout({ progressing: YES, healthy: { ...NO, reason: 'AnalysisFailing' } }) }),
      { Ready: 'True AnalysisFailing', RolloutHealthy: 'False AnalysisFailing', Stalled: '' },
    ],
    [
      'the wanted revision was rolled back',
      facts({ rollout: rollout({ healthy: { ...NO, reason: 'AnalysisFailed' } }, [BLOCKED]) }),
      {
        Ready: 'False RolledBack',
        Stalled: 'True RolledBack',
        Reconciling: '',
        Available: 'True PodsAvailable',
      },
    ],
    [
      'the API server refuses an object',
      facts({ applyFailure: 'Service orders: no.' }),
      { Ready: 'False ApplyFailed', Reconciling: 'True ApplyFailed' },
    ],
  ]
  for (const [name, found, told] of rows)
    test(`say so when ${name}`, () => {
      const conditions = generatorConditions(found)
      const said = Object.fromEntries(
        Object.keys(told).map((type) => {
          const one = conditions.find((condition) => condition.type === type)
          return [type, one === undefined ? '' : `${one.status} ${one.reason}`]
        }),
      )
      assert.deepEqual(said, told)
    })

  test('an obstacle stalls, and what was known before stays', () => {
    const first = generatorConditions(facts())
    const generator = { ...sampleGenerator(), status: { conditions: first } }
    const { credentials: _c, migration: _m, rollout: _r, ...rest } = facts({ generator })
    const image = { reason: 'ImageNotAllowed', message: 'no' } as const
    const said = generatorConditions({ ...rest, obstacle: image })
    const of = (type: string) => said.find((one) => one.type === type)
    assert.deepEqual([of('Ready')?.reason, of('Stalled')?.reason], ['ImageNotAllowed', 'ImageNotAllowed'])
    assert.equal(of('DatabaseReady')?.reason, 'Migrated')
    const suspended = generatorConditions({ ...rest, obstacle: { reason: 'Suspended', message: 's' } })
    assert.deepEqual(
      suspended.filter(({ reason }) => reason === 'Suspended').map(({ type, status }) => `${type} ${status}`),
      ['Ready True', 'Paused True'],
    )
  })

  test('the time is that of the last change of the status, and the generation is told', () => {
    const first = generatorConditions(facts())
    const generator = { ...sampleGenerator(), status: { conditions: first } }
    const later = { generator, nowMs: NOW_MS + 60_000 }
    assert.deepEqual(generatorConditions(facts(later)), first)
    const worse = generatorConditions(facts({ ...later, pods: pods(2) }))
    const timeOf = (conditions: typeof first, type: string) =>
      conditions.find((one) => one.type === type)?.lastTransitionTime
    assert.equal(timeOf(worse, 'Ready'), '2026-01-02T00:01:00Z')
    assert.equal(timeOf(worse, 'Available'), '2026-01-02T00:00:00Z')
    assert.ok(worse.every(({ observedGeneration }) => observedGeneration === 1))
  })

  test('a message says what is wrong and what to do', () => {
    const message = (found: GeneratorFacts, type: string): string =>
      generatorConditions(found).find((one) => one.type === type)?.message ?? ''
    assert.match(
      message(facts({ pods: pods(0), revisions: [CRASHING] }), 'Ready'),
      /^0 of 3 pods are available \(CrashLoopBackOff: pod p\)\.$/,
    )
    assert.match(
      message(facts({ migration: { state: 'Failed', attempt: 2, message: 'no route' } }), 'Ready'),
      /attempt 2.*no route.*Read the log of its pod/,
    )
  })
})
