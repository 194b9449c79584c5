import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordedLog } from '../../test/fixtures/recorded-log.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryRateLevels } from '../adapters/memory/memory-rate-levels.ts'
import type { RateLevels } from '../ports/rate-levels.ts'
import { newRateTables, RateLimits, type RateSettings } from './rate-limits.ts'
import { SharedRates, sharedSeeds } from './shared-rates.ts'

const SEAL_KEY = new Uint8Array(32).fill(7)
const EVERY_MS = 500

interface ProcessParts {
  readonly sealKey: Uint8Array
  readonly levels: RateLevels
  readonly perAddress: number
}

/** Processes of one database, in one time, over one cache. */
class World {
  readonly clock = new MemoryClock()
  readonly levels = new MemoryRateLevels(this.clock)
  readonly log = new RecordedLog()
  readonly settings: RateSettings

  constructor(settings: Partial<RateSettings>) {
    const off = { perAddress: 0, perKey: 0, perTag: 0, burst: 1000, wrongKeys: 0 }
    this.settings = { ...off, shared: true, ...settings }
  }

  newProcess(instance: string, more: Partial<ProcessParts> = {}) {
    const { clock, log } = this
    const { sealKey = SEAL_KEY, levels = this.levels, ...settings } = more
    const rates = new RateLimits(
      clock,
      { ...this.settings, ...settings },
      newRateTables(sharedSeeds(sealKey)),
    )
    const parts = { rates, levels, sealKey, instance, everyMs: EVERY_MS, clock, log }
    return { rates, shared: new SharedRates(parts) }
  }

  /** Of so many requests together, how many pass. */
  ask(rates: RateLimits, wanted: number, address = 'a', keyId = 'k', path = 'w/g/t'): number {
    const nowMs = rates.now()
    return rates.admitForTag(path, rates.admitCaller(address, keyId, wanted, nowMs), nowMs)
  }

  said(text: string): number {
    return this.log.lines.filter((line) => line.text === text).length
  }
}

/** A round in which so many requests were answered. */
function rounds(world: World, { rates, shared }: ReturnType<World['newProcess']>) {
  return async (requests: number): Promise<void> => {
    if (requests > 0) world.ask(rates, requests)
    world.clock.advance(EVERY_MS)
    await shared.settle()
  }
}

test('what an address, a key and a tag used of one process is used of the others, too', async () => {
  const limits = ['perAddress', 'perKey', 'perTag'] as const
  for (const limit of limits) {
    const world = new World({ [limit]: 100 })
    const [one, other] = [world.newProcess('one'), world.newProcess('other')]
    assert.equal(world.ask(one.rates, 60), 60)
    assert.equal(world.ask(other.rates, 10), 10)
    await one.shared.settle()
    await other.shared.settle()
    assert.equal(world.ask(other.rates, 100), 30, limit)
    // What was used there since the first was told is told it with the next request that it answers itself.
    assert.equal(world.ask(one.rates, 1), 1)
    await other.shared.settle()
    await one.shared.settle()
    assert.equal(world.ask(one.rates, 100), 0, limit)
    const kind = limit.slice(3).toLowerCase() as 'address' | 'key' | 'tag'
    assert.ok(Math.abs(other.shared.charged[kind] - 60) < 1e-6, `${other.shared.charged[kind]}`)
  }
})

test('how long no round has gone well grows while they fail, and not while there is nothing to tell', async () => {
  const world = new World({ perAddress: 100 })
  const one = world.newProcess('one')
  const round = rounds(world, one)
  world.levels.away = true
  await round(0)
  assert.equal(one.shared.ageMs, 0, 'nobody asked for anything')
  for (const count of [1, 2]) {
    await round(10)
    assert.equal(one.shared.ageMs, count * EVERY_MS)
  }
})

test('pauses between rounds that fail neither end that nor make it grow', async () => {
  const world = new World({ perAddress: 100 })
  const one = world.newProcess('one')
  const round = rounds(world, one)
  const pause = async (rounds: number): Promise<void> => {
    for (let i = 0; i < rounds; i += 1) await round(0)
  }
  await round(10)
  world.levels.away = true
  await round(10)
  await pause(119)
  assert.equal(one.shared.ageMs, EVERY_MS, 'one round failed, and none was needed since')
  assert.equal(one.shared.troubles().length, 1)
  // Once a minute somebody calls.
  for (let minute = 1; minute <= 6; minute += 1) {
    await round(10)
    assert.equal(one.shared.ageMs, EVERY_MS + minute * 60_000)
    await pause(119)
  }
  assert.equal(one.shared.ageMs, 360_000 + EVERY_MS)
  assert.deepEqual(one.shared.rounds, { settled: 1, failed: 7 })
})

test('a cache that is back is found although nobody asks for anything', async () => {
  const world = new World({ perAddress: 100 })
  const one = world.newProcess('one')
  const round = rounds(world, one)
  world.levels.away = true
  await round(10)
  await round(0)
  world.levels.away = false
  await round(0)
  assert.equal(one.shared.ageMs, 0)
  assert.deepEqual(one.shared.troubles(), [])
  assert.equal(world.said('rate limits hold over all processes again'), 1)
  assert.deepEqual([one.shared.rounds, one.shared.names], [{ settled: 0, failed: 1 }, 0])
  const asked = world.levels.reports
  await round(0)
  assert.equal(world.levels.reports, asked, 'a round that is well asks for nothing more')
})

test('where the limits were lifted meanwhile there is nothing to ask for', async () => {
  const world = new World({ perAddress: 100 })
  const one = world.newProcess('one')
  const round = rounds(world, one)
  world.levels.away = true
  await round(10)
  one.rates.configure({ ...world.settings, perAddress: 0 })
  await round(0)
  assert.deepEqual([one.shared.ageMs, one.shared.troubles()], [0, []])
})

test('other names, other kinds and processes of other databases are not concerned', async () => {
  const world = new World({ perAddress: 100, perTag: 100 })
  const [one, other] = [world.newProcess('one'), world.newProcess('other')]
  const foreign = world.newProcess('foreign', { sealKey: new Uint8Array(32).fill(8) })
  world.ask(one.rates, 90, 'same', 'k', 'tag/of/one')
  // The same name as that of an address.
  world.ask(other.rates, 1, 'another', 'k', 'same')
  world.ask(foreign.rates, 1, 'same')
  for (const { shared } of [one, other, foreign]) await shared.settle()
  assert.equal(world.ask(other.rates, 99, 'another', 'k', 'same'), 99)
  assert.equal(world.ask(foreign.rates, 99, 'same'), 99)
})

test('names that used next to nothing are told once it is enough', async () => {
  const world = new World({ perAddress: 1000 })
  const one = world.newProcess('one')
  world.ask(one.rates, 6)
  await one.shared.settle()
  assert.equal(world.levels.reports, 0)
  world.ask(one.rates, 6)
  await one.shared.settle()
  assert.deepEqual([world.levels.reports, one.shared.names], [1, 1])
})

test('of a flood of names those that used most are told, a thousand a round', async () => {
  const world = new World({ perAddress: 10, perTag: 1_000_000_000 })
  const one = world.newProcess('one')
  for (let i = 0; i < 3000; i += 1) world.ask(one.rates, i < 3 ? 5 : 1, `address ${i}`)
  await one.shared.settle()
  assert.equal(world.levels.reports, 1000)
  await one.shared.settle()
  await one.shared.settle()
  assert.equal(world.levels.reports, 3000)
})

test('a flood of addresses keeps neither keys nor tags from being told', async () => {
  for (const limit of ['perKey', 'perTag'] as const) {
    const world = new World({ perAddress: 100, [limit]: 100 })
    const [one, other] = [world.newProcess('one'), world.newProcess('other')]
    for (let i = 0; i < 5000; i += 1) one.rates.admitAddress(`address ${i}`)
    assert.equal(world.ask(one.rates, 60), 60)
    assert.equal(world.ask(other.rates, 10), 10)
    for (const { shared } of [one, other]) await shared.settle()
    assert.equal(world.ask(other.rates, 100, 'another'), 30, limit)
    assert.equal(one.shared.names, 1000)
    // The 5001st is who asked with the key.
    assert.deepEqual(one.shared.leftOver, { address: 4002, key: 0, tag: 0 })
  }
})

test('a round that fails takes out what was used of every kind, so that no count grows for ever', async () => {
  const world = new World({ perAddress: 100, perKey: 100, perTag: 100 })
  const one = world.newProcess('one')
  world.levels.away = true
  world.ask(one.rates, 50)
  await one.shared.settle()
  world.levels.away = false
  await one.shared.settle()
  assert.deepEqual([one.shared.names, one.shared.rounds.failed], [0, 1])
})

test('processes that hold different limits do not share a bucket: its times would mean something else', async () => {
  const world = new World({ perAddress: 1000 })
  const [one, other] = [world.newProcess('one'), world.newProcess('other', { perAddress: 10 })]
  world.ask(other.rates, 9)
  world.ask(one.rates, 10)
  for (const { shared } of [other, one]) await shared.settle()
  assert.equal(world.ask(one.rates, 1000), 990)
})

test('who is alone is charged with nothing, however long it takes to tell of the names before his', async () => {
  const world = new World({ perAddress: 100 })
  const { levels, clock } = world
  const slow: RateLevels = {
    settle: async (settling, reports) => {
      const settled = await levels.settle(settling, reports)
      clock.advance(50)
      return settled
    },
  }
  const { rates, shared } = world.newProcess('one', { levels: slow })
  for (let i = 0; i < 300; i += 1) world.ask(rates, 80, `address ${i}`)
  clock.advance(EVERY_MS)
  await shared.settle()
  assert.equal(levels.reports, 300)
  for (let i = 0; i < 100; i += 1) world.ask(rates, 20, `address ${i * 3}`)
  await shared.settle()
  assert.equal(levels.reports, 400)
  assert.ok(shared.charged.address < 1e-6, `${shared.charged.address} were charged`)
})

test('a cache that is away is told once and shown, nothing is refused, and nothing is told again afterwards', async () => {
  const world = new World({ perAddress: 100 })
  const [one, other] = [world.newProcess('one'), world.newProcess('other')]
  world.levels.away = true
  world.ask(one.rates, 50)
  await one.shared.settle()
  world.ask(one.rates, 10)
  await one.shared.settle()
  assert.equal(world.said('rate limits hold for this process alone'), 1)
  assert.deepEqual(one.shared.troubles(), [
    { what: 'rate limits', why: 'they hold for this process alone: The cache is away.' },
  ])
  assert.deepEqual(one.shared.rounds, { settled: 0, failed: 2 })
  assert.equal(world.ask(one.rates, 100), 40, 'its own limit holds')
  world.levels.away = false
  await one.shared.settle()
  assert.equal(world.said('rate limits hold over all processes again'), 1)
  assert.deepEqual(one.shared.troubles(), [])
  world.ask(other.rates, 1)
  await other.shared.settle()
  assert.equal(world.ask(other.rates, 100), 59, '40 were told, 60 were not and may have been')
})

test('ten minutes after the last answer a process says nothing more of a cache that is away', async () => {
  const world = new World({ perAddress: 100 })
  const one = world.newProcess('one')
  world.levels.away = true
  world.ask(one.rates, 50)
  await one.shared.settle()
  world.clock.advance(600_000)
  await one.shared.settle()
  assert.equal(one.shared.troubles().length, 1)
  world.clock.advance(1)
  await one.shared.settle()
  assert.deepEqual([one.shared.ageMs, one.shared.troubles()], [0, []])
})

test('processes tell each other by themselves, as often as configured, until they stop', async () => {
  const world = new World({ perAddress: 100 })
  const one = world.newProcess('one')
  one.shared.start()
  for (let round = 1; round <= 3; round += 1) {
    world.ask(one.rates, 5)
    world.clock.advance(EVERY_MS)
    await settle()
    assert.equal(world.levels.reports, round)
  }
  await one.shared.stop()
  world.ask(one.rates, 5)
  world.clock.advance(EVERY_MS * 3)
  await settle()
  assert.equal(world.levels.reports, 3)
  assert.equal(world.clock.pending, 0)
})

test('nothing is counted, nor told, where limits are not shared or off', async () => {
  for (const settings of [{ perAddress: 100, shared: false }, {}]) {
    const world = new World(settings)
    const one = world.newProcess('one')
    world.ask(one.rates, 50)
    await one.shared.settle()
    assert.equal(world.levels.reports, 0)
  }
})
