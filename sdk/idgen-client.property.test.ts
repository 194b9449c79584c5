import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IdgenClientError } from './core/client-error.ts'
import { type ClientWorld, clientWorld, TAG } from './test-doubles/client-world.ts'
import { type Behaviour, serviceError } from './test-doubles/scripted-transport.ts'

/** One thing that happens to a client; whoever takes IDs notes them. */
type Step = (world: ClientWorld, given: bigint[]) => void | Promise<void>

const small = fc.integer({ min: 1, max: 40 })
const behaviour = fc.constantFrom<Behaviour>(
  'answer',
  'answer',
  'hang',
  'unreachable',
  'repeat',
  serviceError('IDGEN_OVERLOADED', true, 20),
  serviceError('IDGEN_DEADLINE_EXCEEDED', true),
  serviceError('IDGEN_COUNT_OUT_OF_RANGE', false),
)

const step: fc.Arbitrary<Step> = fc.oneof(
  small.map(
    (count): Step =>
      ({ client }, given) => {
        for (let i = 0; i < count; i += 1) given.push(client.bigints(TAG).nextSync())
      },
  ),
  small.map(
    (count): Step =>
      ({ client }, given) => {
        for (let i = 0; i < count; i += 1) given.push(BigInt(client.decimals(TAG).nextSync()))
      },
  ),
  small.map(
    (count): Step =>
      ({ client }, given) => {
        const target = new BigUint64Array(count)
        client.bigints(TAG).takeSync(target)
        given.push(...target)
      },
  ),
  // Not waited for: it goes on while other things happen.
  small.map(
    (count): Step =>
      ({ client }, given) => {
        client
          .bigints(TAG)
          .batch(count)
          // 0 is no ID: it fails the test below.
          .then((ids) => given.push(...(ids.length === count ? ids : [0n])), onlyOurs)
      },
  ),
  small.map(
    (count): Step =>
      ({ client }, given) => {
        for (let i = 0; i < count; i += 1)
          client
            .bigints(TAG)
            .next()
            .then((id) => given.push(id), onlyOurs)
      },
  ),
  fc.integer({ min: 0, max: 800 }).map(
    (ms): Step =>
      ({ clock }) =>
        clock.advance(ms),
  ),
  behaviour.map(
    (what): Step =>
      ({ transport }) =>
        void transport.script.push(what),
  ),
  fc.boolean().map(
    (held): Step =>
      ({ transport }) => {
        if (held) transport.held = true
        else transport.release()
      },
  ),
  fc.constant<Step>(({ client }) => client.dropBlocks()),
  fc.constant<Step>(({ clock }) => {
    clock.processId += 1
  }),
  fc.integer({ min: -2000, max: 5000 }).map(
    (ms): Step =>
      ({ clock }) =>
        clock.sleep(10, ms),
  ),
  fc.boolean().map(
    (wide): Step =>
      ({ transport }) => {
        if (wide) transport.nextValue += 2n ** 54n
        else transport.runMax = 7
      },
  ),
)

function onlyOurs(error: unknown): void {
  assert.ok(error instanceof IdgenClientError, String(error))
}

test('no ID is given out twice, and whoever waits is answered, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, evenBlocks) => {
      // Blocks of one size, so that an answer that is repeated is what was asked for.
      const blocks = evenBlocks ? { minBlock: 40, maxBlock: 40 } : { maxBlock: 100 }
      const world = clientWorld({ ...blocks, lifetimeMs: 2000, attemptMs: 300, deadlineMs: 1500 })
      const given: bigint[] = []
      for (const happens of steps)
        try {
          await happens(world, given)
        } catch (error) {
          onlyOurs(error)
        }
      world.transport.release()
      world.transport.script.splice(0)
      await world.clock.advance(2000)
      assert.equal(world.clock.timers.holding, 0, 'somebody still waits')
      given.push(await world.client.bigints(TAG).next())
      assert.equal(new Set(given).size, given.length)
      assert.ok(given.every((id) => id > 0n && id < world.transport.nextValue))
      world.client.close()
      await world.clock.settle()
      assert.deepEqual(world.clock.timers, { holding: 0, loose: 0 })
    }),
    { numRuns: 300 },
  )
})
