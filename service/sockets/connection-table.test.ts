import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConnectionPlaces } from './connection-places.ts'
import { ConnectionTable } from './connection-table.ts'

interface Wanted {
  readonly row?: number
  readonly max?: number
  readonly maxPerAddress?: number
  readonly protocol?: 'http' | 'grpc' | 'resp'
}

function placesOf(table: ConnectionTable, wanted: Wanted = {}): ConnectionPlaces {
  const nameOf = (address: string | undefined) => (address === 'proxy' ? undefined : address)
  return new ConnectionPlaces({
    row: 0,
    protocol: 'http',
    max: 1000,
    maxPerAddress: 0,
    ...wanted,
    table,
    nameOf,
  })
}

function taken(place: ReturnType<ConnectionPlaces['take']>): () => void {
  if (typeof place === 'string') return assert.fail(`refused: ${place}`)
  return place
}

test('a listener has as many connections as it may over all threads, and a place that is left is given on', () => {
  const table = new ConnectionTable(2)
  const [one, other] = [table.take() ?? 0, table.take() ?? 0]
  assert.deepEqual([one, other, table.take()], [1, 2, undefined])
  const threads = [one, other].map((row) =>
    placesOf(new ConnectionTable(table.memory), { row, max: 2, protocol: 'grpc' }),
  )
  const leave = taken(threads[0]?.take('a') ?? 'full')
  taken(threads[1]?.take('b') ?? 'full')
  assert.deepEqual([threads[0]?.take('c'), threads[1]?.take('c')], ['full', 'full'])
  assert.deepEqual([table.open('grpc'), table.open('http'), table.refused('grpc', 'full')], [2, 0, 2])
  leave()
  taken(threads[1]?.take('c') ?? 'full')
  assert.equal(table.open('grpc'), 2)
})

test('an address has as many connections as it may over all protocols and threads, and others are let in', () => {
  const table = new ConnectionTable(1)
  const http = placesOf(table, { maxPerAddress: 2 })
  const resp = placesOf(table, { row: table.take() ?? 0, maxPerAddress: 2, protocol: 'resp' })
  const leave = taken(http.take('a'))
  taken(resp.take('a'))
  assert.deepEqual([http.take('a'), resp.take('a')], ['address', 'address'])
  for (let i = 0; i < 500; i += 1) taken(http.take(`b${i}`))
  leave()
  taken(resp.take('a'))
  assert.equal(resp.take('a'), 'address')
  assert.deepEqual([table.refused('http', 'address'), table.refused('resp', 'address')], [1, 2])
})

test('who stands for many clients may have as many connections as the listener', () => {
  const table = new ConnectionTable(0)
  const places = placesOf(table, { maxPerAddress: 1, max: 50 })
  for (let i = 0; i < 50; i += 1) taken(places.take('proxy'))
  assert.equal(places.take('proxy'), 'full')
})

test('the connections of a thread that ended count no more, and what it refused still does', () => {
  const table = new ConnectionTable(1)
  const row = table.take() ?? 0
  const thread = placesOf(table, { row, maxPerAddress: 1 })
  taken(thread.take('a'))
  assert.equal(thread.take('a'), 'address')
  table.give(row)
  assert.deepEqual([table.open('http'), table.refused('http', 'address')], [0, 1])
  assert.equal(table.take(), row)
  taken(placesOf(table, { maxPerAddress: 1 }).take('a'))
})

test('neighbours in the table take no place of each other', () => {
  // Each table has a seed of its own: one may be unlucky, ten are not.
  const refused = Array.from({ length: SEEDS }, refusedOfThousand)
  // 1,000 addresses at their limit share both cells with others once in some 300 times.
  const all = refused.reduce((sum, count) => sum + count, 0)
  assert.ok(all <= 20 * SEEDS, `${refused.join(', ')} refused`)
})

const SEEDS = 10

function refusedOfThousand(): number {
  const table = new ConnectionTable(0)
  const places = placesOf(table, { maxPerAddress: 2, max: 100_000 })
  let refused = 0
  for (let i = 0; i < 1000; i += 1)
    for (let again = 0; again < 2; again += 1)
      if (typeof places.take(`10.0.${i >> 8}.${i & 255}`) === 'string') refused += 1
  return refused
}
