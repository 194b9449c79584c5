import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JoinedDatabase, newTag, SMALL_SPACE } from '../../test/fixtures/joined-databases.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { configKey } from '../core/coordination-keys.ts'
import { recordOf } from '../core/tag-record.ts'

const REF = { workspace: 'w', group: 'g', name: 't' }
const PATH = 'w/g/t'

/** What may happen; `dc` says to which data centre, or who does it. */
const OPERATION = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('create'), dc: fc.nat(1), cell: fc.nat(1) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('update'), dc: fc.nat(1), text: fc.string({ maxLength: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete'), dc: fc.nat(1) }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('grant'), dc: fc.nat(1), step: fc.integer({ min: 1, max: 400 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('hand'), value: fc.constantFrom('', '{}', 'edit', 'space') }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('away'), dc: fc.nat(1), away: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('cut'), dc: fc.nat(1), after: fc.nat(9), answer: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('look'), dc: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('start-again'), dc: fc.nat(1) }) },
)
type Operation = { readonly do: string; readonly dc?: number } & Readonly<Record<string, unknown>>

class World {
  readonly clock = new MemoryClock()
  readonly etcd = new MemoryCoordination(this.clock)
  readonly hand = new MemoryCoordinator(this.etcd)
  readonly databases: JoinedDatabase[] = []
  /** Every number that any data centre was granted under the name. */
  readonly granted = new Set<number>()

  async open(): Promise<this> {
    for (const dc of [0, 1]) {
      const database = await new JoinedDatabase({ clock: this.clock, etcd: this.etcd, dc }).withGroup()
      database.sync.start()
      this.databases.push(database)
    }
    return this
  }

  /** What is refused is no fault: etcd may be away, the name taken, the tag gone. */
  async run(operation: Operation): Promise<void> {
    const database = this.databases[operation.dc ?? 0]
    assert.ok(database !== undefined)
    await this.#run(operation, database).catch((thrown: unknown) => {
      if (thrown instanceof assert.AssertionError) throw thrown
    })
  }

  async #run(operation: Operation, database: JoinedDatabase): Promise<void> {
    const { catalog, coordinator } = database
    switch (operation.do) {
      case 'create': {
        const space = { ...SMALL_SPACE, cellSize: operation['cell'] === 1 ? 1700 : 1000 }
        await catalog.createTag(newTag('t', { space }))
        break
      }
      case 'update':
        await catalog.updateTag(REF, { displayName: String(operation['text']) }, undefined)
        break
      case 'delete':
        await catalog.deleteTag(REF, undefined)
        break
      case 'grant':
        this.count(await database.grant('t', Number(operation['step'])))
        break
      case 'hand':
        await this.edit(String(operation['value']))
        break
      case 'away':
        coordinator.away = operation['away'] === true
        break
      case 'cut':
        coordinator.cut = {
          after: Number(operation['after']),
          lost: operation['answer'] === true ? 'answer' : 'request',
        }
        break
      case 'start-again':
        database.memory.history += '+'
        break
      default:
        await database.sync.compareAll()
    }
  }

  count(numbers: readonly number[]): void {
    for (const number of numbers) {
      assert.ok(!this.granted.has(number), `${number} was granted twice`)
      this.granted.add(number)
    }
  }

  async edit(value: string): Promise<void> {
    const key = configKey(PATH)
    const present = await this.hand.get(key)
    if (value === '') return void (await this.hand.transact({ compare: [], change: [{ delete: key }] }))
    const record = JSON.parse(present?.value ?? '{}') as object
    const change =
      value === 'edit' ? { displayName: 'hand' } : value === 'space' ? { space: SMALL_SPACE } : {}
    const text = value === '{}' ? value : JSON.stringify({ ...record, ...change })
    await this.hand.transact({ compare: [], change: [{ put: key, value: text }] })
  }

  /** The faults end, and every process looks at everything. */
  async heal(): Promise<void> {
    for (const { coordinator } of this.databases) {
      coordinator.away = false
      coordinator.cut = undefined
    }
    this.clock.advance(60_000)
    for (let round = 0; round < 4; round += 1)
      for (const database of this.databases) {
        await database.ranges.check()
        await database.resync.pass()
        await settle(5)
        await database.sync.settled()
        this.clock.advance(60_000)
      }
  }
}

test('two databases agree when the faults end, and no number of a name is granted twice on the way', async () => {
  let tags = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(OPERATION, { minLength: 1, maxLength: 3 }), { maxLength: 14 }),
      async (steps) => {
        const world = await new World().open()
        for (const together of steps) {
          await Promise.all(together.map((operation) => world.run(operation)))
          await settle(1)
        }
        await world.heal()
        const [one, two] = world.databases
        assert.ok(one !== undefined && two !== undefined)
        const [first, second] = [await one.store.findTag(REF), await two.store.findTag(REF)]
        assert.deepEqual(first && recordOf(first), second && recordOf(second))
        assert.deepEqual([one.conflicts.paths, two.conflicts.paths], [[], []])
        // A deletion that went no further than the witness leaves a tag that grants nothing until it is deleted again.
        if (first !== undefined && !(await one.names.isClosed(first.generation))) {
          tags += 1
          for (const database of [one, two])
            for (let i = 0; i < 3; i += 1) world.count(await database.grant('t', 300))
        }
        await Promise.all(world.databases.map((database) => database.stop()))
      },
    ),
    { numRuns: 150, seed: 20261126 },
  )
  assert.ok(tags > 20, `${tags} runs ended with a tag`)
})
