import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { IdGeneratorStatus } from '../api/generated/id-generator.ts'
import { commandOutcome } from './command-outcome.ts'
import { generator } from './example-views.ts'
import type { CommandVerb } from './rollout-command.ts'

const REVISION = 'f6e7d8c9b0'
const BEFORE: IdGeneratorStatus = {
  stableRevision: 'a1b2c3d4e5',
  rollout: { revision: REVISION, state: 'Progressing', stepIndex: 0, stepCount: 3, desiredWeight: 5 },
}

function rollout(changes: object): IdGeneratorStatus {
  return { ...BEFORE, rollout: { ...BEFORE.rollout, ...changes } }
}

/** After the operator took the annotation away, or left it. */
function outcome(verb: CommandVerb, status: IdGeneratorStatus, annotation?: string) {
  const name = verb === 'resume' ? 'idgen.io/pause' : `idgen.io/${verb}`
  const value = verb === 'resume' ? null : REVISION
  const annotations: Record<string, string> = annotation === undefined ? {} : { [name]: annotation }
  const planned = { verb, revision: REVISION, annotation: [name, value] as const }
  return commandOutcome(planned, generator(BEFORE), generator(status, annotations))
}

describe('what came of a command', () => {
  test('as long as the annotation stands, the operator has not taken it', () => {
    for (const verb of ['promote', 'promote-full', 'abort', 'retry', 'pause'] as const)
      assert.equal(outcome(verb, BEFORE, REVISION), undefined, verb)
    assert.equal(outcome('resume', rollout({ pause: { reason: 'User' } })), undefined)
  })

  test('what is in the status as taken is taken, although the annotation stands', () => {
    const taken = {
      ...rollout({ stepPromoted: true }),
      takenCommands: [{ command: 'promote', revision: REVISION }],
    } as const
    assert.equal(outcome('promote', taken, REVISION)?.effective, true)
    const another = { ...BEFORE, takenCommands: [{ command: 'promote', revision: 'eeeeeeeeee' }] } as const
    assert.equal(outcome('promote', another, REVISION), undefined)
  })

  test('it took effect where the status shows it', () => {
    const table: readonly [CommandVerb, IdGeneratorStatus, boolean][] = [
      ['promote', rollout({ stepPromoted: true }), true],
      ['promote', rollout({ stepIndex: 1 }), true],
      ['promote', rollout({ state: 'Promoted' }), true],
      ['promote', BEFORE, false],
      ['promote', rollout({ revision: 'eeeeeeeeee', stepIndex: 1 }), false],
      ['promote-full', rollout({ promoteFull: true }), true],
      ['promote-full', rollout({ stepIndex: 1 }), false],
      ['abort', rollout({ state: 'RolledBack' }), true],
      ['abort', rollout({ state: 'Promoted' }), false],
      ['retry', BEFORE, true],
      ['retry', { ...BEFORE, blockedRevisions: [{ revision: REVISION }] }, false],
      ['pause', rollout({ pause: { reason: 'User' } }), true],
      ['pause', rollout({ state: 'Promoted' }), false],
      ['resume', BEFORE, true],
    ]
    for (const [verb, status, effective] of table)
      assert.equal(outcome(verb, status)?.effective, effective, `${verb} ${JSON.stringify(status)}`)
  })

  test('a pause is taken while its annotation stands', () => {
    assert.equal(outcome('pause', rollout({ pause: { reason: 'User' } }), REVISION)?.effective, true)
  })

  test('one sentence says how it stands', () => {
    const message = (status: IdGeneratorStatus) => outcome('promote', status)?.message
    assert.equal(
      message(rollout({ stepIndex: 1, desiredWeight: 50, message: 'pods are changing' })),
      'Revision f6e7d8c9b0 is at step 2 of 3 (50 %): pods are changing.',
    )
    assert.equal(message(rollout({ state: 'Promoted' })), 'Revision f6e7d8c9b0 is the stable one now.')
    assert.equal(
      message(rollout({ state: 'RolledBack', message: 'somebody aborted it' })),
      'Revision f6e7d8c9b0 is rolled back to a1b2c3d4e5: somebody aborted it.',
    )
    assert.equal(message({ stableRevision: 'a1b2c3d4e5' }), 'Revision a1b2c3d4e5 of orders serves.')
  })
})
