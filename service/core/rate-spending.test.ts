import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RateSpending } from './rate-spending.ts'
import { newRateMemory, RateTable } from './rate-table.ts'

const LIMIT = { perSecond: 1000, burst: 1000 }
const SEEDS = [7, 9] as const

function counted(isShared: boolean, capacity = 64) {
  const memory = newRateMemory(capacity, SEEDS)
  const table = new RateTable(LIMIT, memory, isShared)
  table.countSpent(true)
  return { memory, table, spending: new RateSpending(memory, 0) }
}

for (const isShared of [false, true]) {
  const of = isShared ? 'threads' : 'one thread'
  test(`what names of ${of} used is told once, with the time it took`, () => {
    const { table, spending } = counted(isShared)
    table.take('a', 30, 100)
    table.take('a', 20, 200)
    table.take('b', 7, 250)
    const found = spending.take(300, 1, 10).sort((a, b) => b.requests - a.requests)
    assert.deepEqual(
      found.map(({ requests, elapsedMs, levelMs }) => [requests, elapsedMs, levelMs]),
      [
        [50, 300, 0],
        [7, 300, 0],
      ],
    )
    assert.deepEqual(spending.take(400, 1, 10), [])
    table.take('b', 500, 600)
    assert.deepEqual(
      spending.take(700, 1, 10).map(({ requests, elapsedMs, levelMs }) => [requests, elapsedMs, levelMs]),
      [[500, 300, 400]],
    )
  })
}

test('what is below the least goes on counting until it is enough', () => {
  const { table, spending } = counted(false)
  table.take('a', 6, 0)
  assert.deepEqual(spending.take(100, 10, 10), [])
  table.take('a', 6, 150)
  assert.deepEqual(
    spending.take(200, 10, 10).map(({ requests, elapsedMs }) => [requests, elapsedMs]),
    [[12, 200]],
  )
})

test('of more names than wanted those that used most come first, the others the next time', () => {
  const { table, spending } = counted(false)
  for (let i = 1; i <= 5; i += 1) table.take(`name ${i}`, i, 0)
  const told = (): number[] =>
    spending
      .take(1, 1, 2)
      .map(({ requests }) => requests)
      .sort((a, b) => b - a)
  assert.deepEqual([told(), told(), told(), told()], [[5, 4], [3, 2], [1], []])
})

test('of many that used the same no more come than wanted, and all in the end', () => {
  const { table, spending } = counted(false)
  for (let i = 0; i < 20; i += 1) table.take(`name ${i}`, i === 19 ? 9 : 3, 0)
  const told = (): string => {
    const found = spending.take(1, 1, 8)
    return `${found.length} names, ${found.reduce((sum, { requests }) => sum + requests, 0)} requests`
  }
  assert.deepEqual(
    [told(), told(), told(), told()],
    ['8 names, 30 requests', '8 names, 24 requests', '4 names, 12 requests', '0 names, 0 requests'],
  )
})

test('what was not asked for in a long time is found all the same', () => {
  for (const isShared of [false, true]) {
    const limit = { perSecond: 1e9, burst: 1e9 }
    const memory = newRateMemory(8, SEEDS)
    const table = new RateTable(limit, memory, isShared)
    table.countSpent(true)
    const spending = new RateSpending(memory, 0)
    for (let second = 0; second < 3; second += 1) table.take('a', 1e9, second * 1000)
    assert.deepEqual(
      spending.take(3000, 1, 1).map(({ requests }) => requests),
      [3e9],
    )
  }
})

test('a name has the same fingerprint in every table with the same seeds', () => {
  const [one, other] = [counted(false), counted(true, 1000)]
  for (const { table } of [one, other]) table.take('192.0.2.1', 1, 0)
  const [a, b] = [one, other].map(({ spending }) => spending.take(1, 1, 1)[0])
  assert.ok(a !== undefined && b !== undefined)
  assert.deepEqual([a.low, a.high], [b.low, b.high])
})

test('what a name is charged with passes no more', () => {
  const { table, spending } = counted(false)
  table.take('a', 100, 0)
  const [found] = spending.take(10, 1, 1)
  assert.ok(found !== undefined)
  spending.charge(found, 700, 10)
  assert.equal(table.take('a', 1000, 10), 210, '100 and 700 are used, 10 have drained')
  assert.deepEqual(
    spending.take(20, 1, 10).map(({ requests }) => requests),
    [210],
    'what it was charged with is not what it used',
  )
})

test('a charge counts from when it was found out, also of a bucket that was empty by then', () => {
  const { table, spending } = counted(false)
  table.take('a', 10, 0)
  const [found] = spending.take(500, 1, 1)
  assert.ok(found !== undefined)
  spending.charge(found, 100, 500)
  assert.equal(table.levelMs('a', 500), 100)
  assert.equal(table.levelMs('a', 560), 40)
})

test('a name that was driven out is not charged, nor who came in its place', () => {
  const { memory, table, spending } = counted(false, 1)
  table.take('a', 900, 0)
  const [found] = spending.take(10, 1, 1)
  assert.ok(found !== undefined)
  table.take('b', 5, 10)
  spending.charge(found, 500, 10)
  assert.equal(new RateTable(LIMIT, memory).levelMs('b', 10), 5)
  assert.deepEqual(
    spending.take(20, 1, 1).map(({ requests }) => requests),
    [5],
  )
})

test('nothing is counted where nobody asks for it', () => {
  const memory = newRateMemory(8, SEEDS)
  const spending = new RateSpending(memory, 0)
  for (const isShared of [false, true]) new RateTable(LIMIT, memory, isShared).take('a', 5, 0)
  assert.deepEqual(spending.take(1, 1, 1), [])
})
