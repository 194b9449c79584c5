import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newRateMemory, RateTable } from './rate-table.ts'

const LIMIT = { perSecond: 1000, burst: 1000 }

describe('a table of rates', () => {
  test('counts every name for itself', () => {
    const table = new RateTable(LIMIT, newRateMemory(100))
    assert.equal(table.take('a', 1000, 0), 1000)
    assert.equal(table.take('a', 1, 0), 0)
    assert.equal(table.take('b', 1, 0), 1)
  })

  test('lets a part of many through', () => {
    const table = new RateTable(LIMIT, newRateMemory(100))
    assert.equal(table.take('a', 1500, 0), 1000)
    assert.equal(table.take('a', 1500, 250), 250)
  })

  test('does not count what it refuses', () => {
    const table = new RateTable(LIMIT, newRateMemory(100))
    table.take('a', 1000, 0)
    for (let i = 0; i < 50; i += 1) assert.equal(table.take('a', 1, 0), 0)
    assert.equal(table.take('a', 1, 1), 1)
  })

  test('says how long to wait, of a name that it never saw too', () => {
    const table = new RateTable(LIMIT, newRateMemory(100))
    table.take('a', 1000, 0)
    assert.equal(table.waitMs('a', 1, 0), 1)
    assert.equal(table.waitMs('b', 1, 0), 0)
  })

  for (const isShared of [false, true])
    test(`takes back what need not count, ${isShared ? 'shared' : 'alone'}`, () => {
      const table = new RateTable(LIMIT, newRateMemory(100), isShared)
      table.take('a', 1000, 0)
      table.giveBack('a', 10)
      table.giveBack('b', 10)
      assert.equal(table.take('a', 100, 0), 10)
      assert.equal(table.take('b', 2000, 0), 1000, 'a name that used nothing gets nothing on top')
      table.giveBack('a', 1)
      // It had run empty long before.
      assert.equal(table.take('a', 5000, 60_000), 1000)
    })

  test('applies another limit to what was used before', () => {
    const table = new RateTable(LIMIT, newRateMemory(100))
    table.take('a', 1000, 0)
    table.setLimit({ perSecond: 2000, burst: 2000 })
    assert.equal(table.take('a', 5000, 0), 0, 'its second is used up')
    assert.equal(table.take('a', 5000, 500), 1000)
    table.setLimit({ perSecond: 10, burst: 10 })
    assert.equal(table.take('a', 5, 1000), 5)
  })
})

describe('a table that is full', () => {
  test('lets ever new names pass', () => {
    const table = new RateTable(LIMIT, newRateMemory(2000))
    for (let i = 0; i < 10_000; i += 1) assert.equal(table.take(`name ${i}`, 1, i / 100), 1)
  })

  test('forgets none who is near the limit, whoever floods with new names', () => {
    const table = new RateTable(LIMIT, newRateMemory(64))
    const heavy = ['x', 'y', 'z']
    for (const name of heavy) table.take(name, 1000, 0)
    // All at the same moment: no bucket leaks.
    for (let i = 0; i < 10_000; i += 1) table.take(`flood ${i}`, 1, 0)
    for (const name of heavy) assert.equal(table.take(name, 1, 0), 0, name)
  })

  test('gives the slot of a name that rests, and the name begins anew', () => {
    const table = new RateTable(LIMIT, newRateMemory(2))
    table.take('rests', 10, 0)
    table.take('busy', 1000, 500)
    assert.equal(table.take('new', 1, 500), 1)
    assert.equal(table.take('busy', 1, 500), 0)
    assert.equal(table.take('rests', 1000, 500), 1000)
  })

  test('remembers heavy names though more than a thread remembers come between', () => {
    const table = new RateTable(LIMIT, newRateMemory(65_536))
    table.take('first', 1000, 0)
    for (let i = 0; i < 20_000; i += 1) table.take(`name ${i}`, 1, 0)
    assert.equal(table.take('first', 1, 0), 0)
  })
})

describe('tables of several threads over one memory', () => {
  test('count together, also of a name that the other one saw first', () => {
    const [one, two] = twoTables(100)
    assert.equal(one.take('a', 600, 0), 600)
    assert.equal(two.take('a', 600, 0), 400)
    assert.equal(one.take('a', 1, 0), 0)
    assert.equal(two.waitMs('a', 1, 0), 1)
  })

  test('notice that the other gave away a slot', () => {
    const [one, two] = twoTables(1)
    one.take('a', 1000, 0)
    assert.equal(two.take('b', 10, 0), 10)
    assert.equal(one.take('a', 1000, 0), 1000, 'begins anew')
    assert.equal(two.take('b', 1000, 0), 1000, 'so does this one')
  })

  test('tell names apart that differ in one character', () => {
    const [one] = twoTables(65_536)
    for (let i = 0; i < 5000; i += 1) assert.equal(one.take(`10.0.${i >> 8}.${i & 255}`, 1000, 0), 1000)
  })

  test('place names otherwise with other seeds', () => {
    const full = [1, 2, 3].map((seed) => {
      const table = new RateTable(LIMIT, newRateMemory(16, [seed, seed]))
      for (let i = 0; i < 24; i += 1) table.take(`name ${i}`, 1000, 0)
      return Array.from({ length: 24 }, (_, i) => table.waitMs(`name ${i}`, 1, 0) > 0).join()
    })
    assert.equal(new Set(full).size, 3)
  })
})

function twoTables(capacity: number): readonly [RateTable, RateTable] {
  const memory = newRateMemory(capacity)
  return [new RateTable(LIMIT, memory), new RateTable(LIMIT, memory)]
}
