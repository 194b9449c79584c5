import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { IdGenerator } from '../api/kinds.ts'
import { EXAMPLES, generator } from './example-views.ts'
import { type CommandVerb, planCommand } from './rollout-command.ts'

const CANARY = 'f6e7d8c9b0'
const UNDER_WAY = EXAMPLES.hold.generator
const PAUSED = generator(UNDER_WAY.status, { 'idgen.io/pause': CANARY })
const ROLLED_BACK = EXAMPLES['rolled-back'].generator
const FIRST: IdGenerator = generator({ rollout: { revision: CANARY, state: 'Progressing' } })

function plan(verb: CommandVerb, of: IdGenerator, revision?: string) {
  return planCommand(verb, {
    generator: of,
    flags: ' -n shop',
    ...(revision === undefined ? {} : { revision }),
  })
}

describe('what a command writes', () => {
  test('each names the revision that it is meant for', () => {
    const table: readonly [CommandVerb, IdGenerator, readonly [string, string | null]][] = [
      ['promote', UNDER_WAY, ['idgen.io/promote', CANARY]],
      ['promote-full', UNDER_WAY, ['idgen.io/promote-full', CANARY]],
      ['abort', UNDER_WAY, ['idgen.io/abort', CANARY]],
      ['retry', ROLLED_BACK, ['idgen.io/retry', CANARY]],
      ['pause', UNDER_WAY, ['idgen.io/pause', CANARY]],
      ['resume', PAUSED, ['idgen.io/pause', null]],
      ['promote', FIRST, ['idgen.io/promote', CANARY]],
    ]
    for (const [verb, of, annotation] of table) {
      const planned = plan(verb, of)
      assert.ok('annotation' in planned, verb)
      assert.deepEqual([planned.verb, planned.annotation, planned.revision], [verb, annotation, CANARY])
    }
  })

  test('what cannot be taken back with a word is asked first', () => {
    for (const verb of ['promote', 'promote-full', 'abort', 'pause'] as const) {
      const planned = plan(verb, UNDER_WAY)
      assert.equal(
        'question' in planned && planned.question !== undefined,
        verb === 'abort' || verb === 'promote-full',
        verb,
      )
    }
    const abort = plan('abort', UNDER_WAY)
    assert.match('question' in abort ? (abort.question ?? '') : '', /go back to a1b2c3d4e5/)
  })

  test('a promotion while paused says that it must be resumed', () => {
    const planned = plan('promote', PAUSED)
    assert.match('note' in planned ? (planned.note ?? '') : '', /kubectl idgen resume orders -n shop/)
    assert.ok(!('note' in plan('promote', UNDER_WAY)))
  })

  test('what is so already needs no write', () => {
    assert.deepEqual(plan('pause', PAUSED), { alreadySo: `The rollout of ${CANARY} is paused already.` })
    assert.deepEqual(plan('resume', EXAMPLES.quiet.generator), { alreadySo: 'orders is not paused.' })
  })

  test('a pause of another revision does not count', () => {
    const old = generator(UNDER_WAY.status, { 'idgen.io/pause': 'eeeeeeeeee' })
    assert.ok('annotation' in plan('pause', old))
    assert.ok(!('note' in plan('promote', old)))
  })

  test('of several blocked ones the last is retried, or the one that is named', () => {
    const blockedRevisions = [{ revision: 'bbbbbbbbbb' }, { revision: CANARY }]
    const of = generator({ rollout: { revision: CANARY, state: 'RolledBack' }, blockedRevisions })
    const revisionOf = (chosen?: string) => {
      const planned = plan('retry', of, chosen)
      return 'revision' in planned ? planned.revision : ''
    }
    assert.equal(revisionOf(), CANARY)
    assert.equal(revisionOf('bbbbbbbbbb'), 'bbbbbbbbbb')
    const promoted = generator({ rollout: { revision: 'cccccccccc', state: 'Promoted' }, blockedRevisions })
    const planned = plan('retry', promoted)
    assert.equal('revision' in planned && planned.revision, 'bbbbbbbbbb')
  })
})

describe('a command that makes no sense says how things stand', () => {
  const quiet = EXAMPLES.quiet.generator
  const table: readonly [CommandVerb, IdGenerator, RegExp, string?][] = [
    [
      'promote',
      quiet,
      /^Nothing to promote: no rollout of orders is under way\. Revision a1b2c3d4e5 serves\./,
    ],
    ['abort', quiet, /^Nothing to abort: /],
    ['pause', quiet, /^Nothing to pause: /],
    ['promote', EXAMPLES.new.generator, /not deployed it yet; see kubectl idgen status orders -n shop\./],
    [
      'promote',
      ROLLED_BACK,
      /was rolled back \(p99Milliseconds 31 is above 10\); kubectl idgen retry orders -n shop tries it again/,
    ],
    ['abort', FIRST, /^Nothing to go back to: f6e7d8c9b0 is the first revision/],
    ['retry', quiet, /^Nothing to retry: no revision of orders is blocked\./],
    ['retry', ROLLED_BACK, /^Revision eeeeeeeeee is not blocked\. Blocked are f6e7d8c9b0\./, 'eeeeeeeeee'],
    [
      'resume',
      UNDER_WAY,
      /waits \(the hold of the step is not over\)\. kubectl idgen promote orders -n shop lets it go on/,
    ],
    ['resume', EXAMPLES.approval.generator, /waits \(for approval\)/],
  ]
  for (const [verb, of, message, revision] of table)
    test(`${verb}: ${message.source}`, () =>
      assert.throws(() => plan(verb, of, revision), { name: 'PluginError', message }))
})
