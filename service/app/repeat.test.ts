import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { Repeat } from './repeat.ts'

let clock: MemoryClock
let rounds: PromiseWithResolvers<void>[]
let repeat: Repeat
beforeEach(() => {
  clock = new MemoryClock()
  rounds = []
  repeat = new Repeat(clock, 1000, () => {
    const round = Promise.withResolvers<void>()
    rounds.push(round)
    return round.promise
  })
})

test('rounds come one at a time, the first after the interval', async () => {
  repeat.start()
  await passed(999)
  assert.equal(rounds.length, 0)
  await passed(1)
  assert.equal(rounds.length, 1)
  await passed(5000)
  assert.equal(rounds.length, 1, 'the first is still under way')
  await ended(0)
  await passed(1000)
  assert.equal(rounds.length, 2)
})

test('a round that is wanted soon does not wait for the interval, and the next one does', async () => {
  repeat.start()
  repeat.soon()
  await turn()
  assert.equal(rounds.length, 1)
  await ended(0)
  await passed(999)
  assert.equal(rounds.length, 1)
  await passed(1)
  assert.equal(rounds.length, 2)
})

test('a round that is wanted while one is under way comes right after it, once', async () => {
  repeat.start()
  await passed(1000)
  for (let ask = 0; ask < 3; ask += 1) repeat.soon()
  await turn()
  assert.equal(rounds.length, 1)
  await ended(0)
  assert.equal(rounds.length, 2)
  await ended(1)
  assert.equal(rounds.length, 2)
})

test('a round that was wanted before the start comes with the start', async () => {
  repeat.soon()
  repeat.start()
  await turn()
  assert.equal(rounds.length, 1)
})

test('a stop lets the round under way end, and none begins after it', async () => {
  repeat.start()
  await passed(1000)
  const stopped = repeat.stop()
  repeat.soon()
  await ended(0)
  await stopped
  await passed(5000)
  assert.equal(rounds.length, 1)
})

async function passed(ms: number): Promise<void> {
  clock.advance(ms)
  await turn()
}

async function ended(round: number): Promise<void> {
  rounds[round]?.resolve()
  await turn()
}
