import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { IdGeneratorStatus } from '../api/generated/id-generator.ts'
import type { IdGenerator } from '../api/kinds.ts'
import { HOUR, held, MINUTE } from '../core/rollout-scenes.ts'
import type { CommandName } from '../core/rollout-snapshot.ts'
import type { CrashPoint, SimulatedRollout } from '../core/simulated-rollout.ts'
import { type CommandOutcome, commandOutcome } from './command-outcome.ts'
import { generator } from './example-views.ts'
import { type CommandVerb, type PlannedCommand, planCommand } from './rollout-command.ts'

/** The object as the API server would have it: what the operator decided, and the annotations. */
function objectOf(world: SimulatedRollout): IdGenerator {
  const annotations: Record<string, string> = {}
  for (const [name, value] of world.annotations) annotations[`idgen.io/${name}`] = value
  const status: IdGeneratorStatus = world.status
  return generator(status, annotations)
}

function planned(world: SimulatedRollout, verb: CommandVerb): PlannedCommand {
  const command = planCommand(verb, { generator: objectOf(world), flags: '' })
  assert.ok('annotation' in command, JSON.stringify(command))
  return command
}

function write(world: SimulatedRollout, { annotation: [name, value] }: PlannedCommand): void {
  const command = name.replace('idgen.io/', '') as CommandName
  if (value === null) world.annotations.delete(command)
  else world.annotations.set(command, value)
}

/** What the plugin finds at once, and after the operator looked at it. */
function given(
  world: SimulatedRollout,
  verb: CommandVerb,
  crash?: CrashPoint,
): [CommandOutcome | undefined, CommandOutcome | undefined] {
  const command = planned(world, verb)
  const before = objectOf(world)
  write(world, command)
  const atOnce = commandOutcome(command, before, objectOf(world))
  world.crash = crash
  world.reconcile()
  return [atOnce, commandOutcome(command, before, objectOf(world))]
}

/** The plugin and the operator must agree on when a command is taken, and on whether it did something. */
describe('the operator obeys, and the plugin sees it', () => {
  for (const crash of [undefined, 'after status', 'after annotations'] as const)
    for (const verb of ['promote', 'promote-full', 'abort', 'pause'] as const)
      test(`${verb}, where the operator ends ${crash ?? 'nowhere'}`, () => {
        const [atOnce, after] = given(held(), verb, crash)
        assert.equal(atOnce, undefined)
        assert.equal(after?.effective, true, after?.message)
      })

  test('a resume is seen when the pause is over', () => {
    const world = held()
    assert.equal(given(world, 'pause')[1]?.effective, true)
    const [atOnce, after] = given(world, 'resume')
    assert.equal(atOnce, undefined)
    assert.equal(after?.effective, true)
  })

  test('a retry is seen after an abort', () => {
    const world = held()
    given(world, 'abort')
    world.run(MINUTE)
    const [atOnce, after] = given(world, 'retry')
    assert.equal(atOnce, undefined)
    assert.equal(after?.effective, true)
    assert.match(after?.message ?? '', /Revision r2 is at step 1 of 3/)
  })

  test('a command for a rollout that another one replaced does nothing, and the plugin says so', () => {
    for (const verb of ['promote', 'promote-full', 'abort', 'pause'] as const) {
      const world = held()
      const command = planned(world, verb)
      const before = objectOf(world)
      world.wanted = 'r3'
      world.run(HOUR)
      write(world, command)
      world.reconcile()
      const after = commandOutcome(command, before, objectOf(world))
      assert.equal(after?.effective, false, verb)
      assert.match(after?.message ?? '', /Revision r3/)
    }
  })
})
