import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Verdict } from './analysis-verdict.ts'
import { decideRollout } from './decide-rollout.ts'
import { counts, HOUR, held, installed, MINUTE, plan, reasons, SECOND } from './rollout-scenes.ts'
import type { SimulatedRollout } from './simulated-rollout.ts'

/** One judgement of each kind in turn. */
function judged(world: SimulatedRollout, ...verdicts: Verdict[]): void {
  for (const verdict of verdicts) {
    world.verdicts.set('r2', verdict)
    world.run(30 * SECOND)
  }
}

describe('failed judgements', () => {
  test('roll back when there is one more in a row than the limit bears', () => {
    const world = held()
    judged(world, 'Fail', 'Fail')
    assert.equal(world.status.rollout?.state, 'Progressing')
    assert.equal(world.last.conditions.healthy.reason, 'AnalysisFailing')
    judged(world, 'Fail')
    const [blocked] = world.status.blockedRevisions ?? []
    assert.equal(blocked?.reason, 'AnalysisFailed')
    assert.match(blocked?.message ?? '', /simulated Fail/)
    assert.deepEqual(reasons(world), ['AnalysisFailed', 'AnalysisFailed', 'AnalysisFailed', 'RolledBack'])
    assert.deepEqual(counts(world, 'r1', 'r2'), [6, 0])
  })

  test('are counted from anew after a pass, and not after a judgement without data', () => {
    const world = held()
    judged(world, 'Fail', 'Fail', 'Pass', 'Fail', 'NoData', 'Fail', 'Inconclusive')
    assert.equal(world.status.rollout?.analysis?.consecutiveFailures, 2)
    judged(world, 'Fail')
    assert.equal(world.status.rollout.state, 'RolledBack')
  })

  test('count during a pause and while an approval is waited for', () => {
    const approval = plan({
      steps: [
        { weight: 5, holdMs: 0, requireApproval: true },
        { weight: 100, holdMs: 0, requireApproval: false },
      ],
    })
    for (const world of [held(), held(6, approval)]) {
      if (world.plan !== approval) world.annotations.set('pause', 'r2')
      world.run(HOUR)
      judged(world, 'Fail', 'Fail', 'Fail')
      assert.equal(world.status.rollout?.state, 'RolledBack')
    }
  })

  test('below the limit keep the step from ending', () => {
    const world = held(
      6,
      plan(
        {
          steps: [
            { weight: 5, holdMs: HOUR, requireApproval: false },
            { weight: 100, holdMs: 0, requireApproval: false },
          ],
        },
        { failureLimit: 1000 },
      ),
    )
    world.verdicts.set('r2', 'Fail')
    world.run(HOUR)
    assert.equal(world.status.rollout?.stepIndex, 0)
    assert.equal(world.status.rollout.pause?.reason, 'Inconclusive')
    judged(world, 'Pass')
    world.run(MINUTE)
    assert.equal(world.status.rollout.stepIndex, 1)
  })

  test('of one that is fatal need no second', () => {
    const world = held()
    world.fatal = true
    judged(world, 'Fail')
    assert.equal(world.status.rollout?.state, 'RolledBack')
  })

  test('come from the memory of one operator and count once', () => {
    const world = held()
    judged(world, 'Fail')
    for (let at = 0; at < 10; at += 1) world.reconcile()
    assert.equal(world.status.rollout?.analysis?.consecutiveFailures, 1)
    world.restart()
    world.reconcile()
    assert.equal(world.status.rollout.analysis.consecutiveFailures, 1)
  })

  test('of another revision, which come late, do not count', () => {
    const world = held()
    const judgement = {
      atMs: world.nowMs,
      verdict: 'Fail',
      message: 'bad',
      fatal: true,
      metrics: [],
    } as const
    const decide = (canary: string) =>
      decideRollout({
        nowMs: world.nowMs,
        plan: world.plan,
        wantedRevision: 'r2',
        replicas: 6,
        endingPods: 0,
        status: world.status,
        revisions: world.pods.states(world.nowMs),
        commands: {},
        judgement: { ...judgement, canary },
      })
    assert.equal(decide('r1').status.rollout?.state, 'Progressing')
    assert.equal(decide('r2').status.rollout?.state, 'RolledBack')
  })

  test('of the attempt before do not count for a retry', () => {
    const world = held()
    judged(world, 'Fail', 'Fail', 'Fail')
    world.annotations.set('retry', 'r2')
    world.verdicts.delete('r2')
    world.run(50 * SECOND)
    assert.deepEqual(world.status.rollout?.analysis?.samples, [])
    assert.equal(world.status.rollout.state, 'Progressing')
  })
})

test('judgements are of the whole rollout, for what is counted over all of it', () => {
  const world = held()
  const began = Date.parse(world.status.rollout?.startedAt ?? '')
  world.run(30 * HOUR)
  assert.equal(world.status.rollout?.stepIndex, 1)
  assert.equal(world.last.wantsAnalysis?.sinceMs, began)
})

describe('the last step', () => {
  const steps = [{ weight: 100, holdMs: 24 * HOUR, requireApproval: false }]

  test('goes back to a stable revision that has no pods any more: they come first', () => {
    const world = held(4, plan({ steps }))
    assert.deepEqual(counts(world, 'r1', 'r2'), [0, 4])
    world.pods.behaviours.set('r1', { startMs: MINUTE })
    judged(world, 'Fail', 'Fail', 'Fail')
    assert.equal(world.status.rollout?.state, 'RolledBack')
    assert.deepEqual(counts(world, 'r1', 'r2'), [4, 4])
    world.run(MINUTE)
    assert.deepEqual(counts(world, 'r1', 'r2'), [4, 0])
  })

  test('leaves the canary serving when stable does not come up again', () => {
    const world = held(4, plan({ steps }))
    world.pods.behaviours.set('r1', { startMs: Number.POSITIVE_INFINITY })
    judged(world, 'Fail', 'Fail', 'Fail')
    world.run(24 * HOUR)
    assert.deepEqual(counts(world, 'r1', 'r2'), [4, 4])
    assert.match(world.last.conditions.healthy.message, /no pod of the stable revision r1 is available/)
  })

  test('is judged before the promotion, where all callers are on the canary', () => {
    const world = held(
      4,
      plan({ steps: [{ weight: 100, holdMs: 0, requireApproval: false }] }, { initialDelayMs: HOUR }),
    )
    assert.equal(world.status.stableRevision, 'r1')
    world.run(HOUR)
    assert.equal(world.status.stableRevision, 'r2')
  })
})

describe('while no pod of stable serves', () => {
  test('the canary is the only healthy copy and is not rolled back', () => {
    const world = held()
    world.run(24 * HOUR)
    world.pods.behaviours.set('r1', { startMs: 5000, down: true })
    judged(world, 'Fail', 'Fail', 'Fail', 'Fail')
    assert.equal(world.status.rollout?.state, 'Progressing')
    assert.ok(world.pods.count('r2') >= 3)
    world.pods.behaviours.set('r1', { startMs: 5000 })
    judged(world, 'Fail')
    assert.equal(world.status.rollout.state, 'RolledBack')
  })
})

describe('without enough requests', () => {
  test('Proceed ends the step with its hold and says that there was no data', () => {
    const world = held()
    world.verdicts.set('r2', 'NoData')
    world.run(49 * HOUR)
    assert.equal(world.status.stableRevision, 'r2')
    assert.equal(world.status.rollout?.analysis?.phase, 'NoData')
  })

  test('Hold keeps the step until a judgement passes, however long that is', () => {
    const world = installed(6, plan({}, { onNoData: 'Hold' }))
    world.verdicts.set('r2', 'NoData')
    world.wanted = 'r2'
    world.run(49 * HOUR)
    assert.equal(world.status.rollout?.pause?.reason, 'Inconclusive')
    assert.match(world.status.rollout.message, /not enough requests/)
    judged(world, 'Pass', 'NoData')
    assert.equal(world.status.rollout.stepIndex, 1)
  })

  test('an idle night leaves the judgements that say something', () => {
    const world = held()
    judged(world, 'Pass', 'Fail')
    world.verdicts.set('r2', 'NoData')
    world.run(12 * HOUR)
    const { samples = [] } = world.status.rollout?.analysis ?? {}
    assert.deepEqual(
      samples.slice(-3).map(({ verdict }) => verdict),
      ['Pass', 'Fail', 'NoData'],
    )
  })

  test('Hold is content with a pass during the hold, and wants one in each step', () => {
    const world = installed(6, plan({}, { onNoData: 'Hold' }))
    world.wanted = 'r2'
    world.run(HOUR)
    world.verdicts.set('r2', 'NoData')
    world.run(24 * HOUR)
    assert.equal(world.status.rollout?.stepIndex, 1)
    world.run(30 * HOUR)
    assert.equal(world.status.rollout.stepIndex, 1)
  })

  test('a failure before it keeps the step under Proceed too', () => {
    const world = held()
    world.run(23 * HOUR + 54 * MINUTE)
    judged(world, 'Fail')
    world.verdicts.set('r2', 'NoData')
    world.run(HOUR)
    assert.equal(world.status.rollout?.stepIndex, 0)
    assert.match(world.status.rollout.message, /failed and none has passed since/)
  })
})

describe('an unclear judgement', () => {
  test('keeps the step, tells people once, and goes on with a clear one', () => {
    const world = held()
    world.verdicts.set('r2', 'Inconclusive')
    world.run(25 * HOUR)
    assert.equal(world.status.rollout?.stepIndex, 0)
    assert.equal(world.status.rollout.pause?.reason, 'Inconclusive')
    assert.deepEqual(reasons(world), ['AnalysisInconclusive', 'CanaryPaused'])
    judged(world, 'Pass')
    assert.equal(world.status.rollout.stepIndex, 1)
  })

  test('is not made clear by too few requests after it', () => {
    const world = held()
    world.run(23 * HOUR + 54 * MINUTE)
    judged(world, 'Inconclusive')
    world.verdicts.set('r2', 'NoData')
    world.run(2 * HOUR)
    assert.equal(world.status.rollout?.stepIndex, 0)
    assert.match(world.status.rollout.message, /enough requests is unclear: simulated Inconclusive/)
    judged(world, 'Pass', 'NoData')
    assert.equal(world.status.rollout.stepIndex, 1)
  })
})

describe('a provider that does not answer', () => {
  test('holds the rollout, and rolls it back after more errors in a row than the limit bears', () => {
    const world = held()
    judged(world, 'Error', 'Error', 'Error', 'Error', 'Error')
    assert.equal(world.status.rollout?.pause?.reason, 'AnalysisError')
    assert.equal(world.last.conditions.paused.status, true)
    judged(world, 'Pass', 'Error')
    assert.equal(world.status.rollout.analysis?.consecutiveErrors, 1)
    judged(world, 'Error', 'Error', 'Error', 'Error', 'Error')
    assert.equal(world.status.blockedRevisions?.[0]?.reason, 'AnalysisError')
  })
})
