import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { batchNumbers } from '../../test/fixtures/batch-numbers.ts'
import type { AlgorithmName } from './algorithm.ts'
import { IdBatch } from './id-batch.ts'
import { type PackedSubBlock, packSubBlock, SHARE_LIFE_MS, SubBlock } from './sub-block.ts'
import { canonicalLayout } from './tag-layout.ts'

const T = Date.UTC(2026, 5, 1)
const ME = '4711/boot-1/nonce-1'
const SNOWFLAKE = 2 ** 21

describe('a sub-block', () => {
  test('gives its IDs once, in order, over runs and the end of their lower half', () => {
    const block = new SubBlock(numbers([7, 2 ** 32 - 2, 4], [8, 100, 3]), ME)
    assert.equal(block.remaining, 7)
    const first = taken(block, 3)
    const rest = taken(block, 10)
    const base = 7n << 32n
    const high = base + 2n ** 32n - 2n
    assert.deepEqual(first, [high, high + 1n, high + 2n])
    assert.deepEqual(rest, [high + 3n, (8n << 32n) + 100n, (8n << 32n) + 101n, (8n << 32n) + 102n])
    assert.deepEqual(taken(block, 1), [])
    assert.equal(block.remaining, 0)
  })

  test('gives UUIDs byte by byte as they were packed', () => {
    const batch = new IdBatch()
    batch.algorithm = 'uuid-v7'
    batch.reserveUuids(3).set(Uint8Array.from({ length: 48 }, (_, i) => i))
    const block = new SubBlock(packSubBlock(batch, ME, T), ME)
    const out = new IdBatch()
    assert.equal(block.take(1, ME, T, out), 1)
    assert.equal(block.take(5, ME, T, out), 2)
    assert.deepEqual([...out.uuidBytes()], [...batch.uuidBytes()])
  })

  test('gives consecutive numbers out of the first run that is long enough, and burns what stands before', () => {
    const block = new SubBlock(numbers([0, 10, 5], [0, 20, 3], [0, 30, 8]), ME)
    assert.deepEqual(takenRun(block, 2), [10n, 11n])
    assert.deepEqual(takenRun(block, 3), [12n, 13n, 14n])
    assert.deepEqual(taken(block, 1), [20n])
    assert.deepEqual(takenRun(block, 4), [30n, 31n, 32n, 33n], 'what is left of the run of three is burnt')
    assert.equal(block.remaining, 4)
    assert.equal(takenRun(block, 5), undefined)
    assert.deepEqual(taken(block, 9), [34n, 35n, 36n, 37n], 'nothing was spent for the one that was too long')
  })

  test('has no run for another owner, when it is too old, and none of UUIDs', () => {
    const out = new IdBatch()
    assert.equal(new SubBlock(numbers([0, 10, 5]), ME).takeRun(1, 'copy', T, out), false)
    assert.equal(new SubBlock(numbers([0, 10, 5]), ME).takeRun(1, ME, T + SHARE_LIFE_MS + 1, out), false)
    assert.equal(new SubBlock(uuids(48), ME).takeRun(1, ME, T, out), false)
    assert.equal(out.count, 0)
  })

  test('of a tag with its own layout holds what that layout has, and no run beyond its unit', () => {
    const layout = canonicalLayout('53-bit')
    const share = (hi: number, lo: number, count: number) =>
      packSubBlock(batchOf('snowflake', [hi, lo, count]), ME, T)
    assert.equal(new SubBlock(share(70_000, 2 ** 15 + 3, 13), ME, layout).remaining, 13)
    assert.throws(() => new SubBlock(share(70_000, 2 ** 15 + 3, 14), ME, layout), /never crosses its unit/)
    assert.throws(() => new SubBlock(share(2 ** 21, 0, 1), ME, layout), /within its tag's layout/)
    assert.throws(() => new SubBlock(share(70_000, 0, 1), ME), /above all segment values/)
  })

  test('is a copy: what becomes of the batch changes nothing', () => {
    const batch = batchOf('segment', [0, 10, 5])
    const packed = packSubBlock(batch, ME, T)
    batch.clear()
    batch.pushRun(0, 900, 5)
    assert.deepEqual(taken(new SubBlock(packed, ME), 2), [10n, 11n])
  })

  test('survives a structured clone', () => {
    const packed = structuredClone(numbers([0, 10, 5]))
    assert.deepEqual(taken(new SubBlock(packed, ME), 5), [10n, 11n, 12n, 13n, 14n])
  })

  test('passes on whether the tag is degraded and by which algorithm it is served', () => {
    const batch = batchOf('snowflake', [SNOWFLAKE, 0, 1])
    batch.degraded = true
    const block = new SubBlock(packSubBlock(batch, ME, T), ME)
    assert.equal(block.algorithm, 'snowflake')
    assert.equal(block.degraded, true)
  })
})

describe('trap 18, cloned memory: a sub-block is pinned to process, boot and thread', () => {
  for (const [what, other] of [
    ['a forked process', '4712/boot-1/nonce-1'],
    ['a snapshot started on another machine', '4711/boot-2/nonce-1'],
    ['another thread', '4711/boot-1/nonce-2'],
    ['nobody', ''],
  ] as const)
    test(`${what} gets nothing out of it, and afterwards nobody does`, () => {
      const block = new SubBlock(numbers([0, 10, 5]), ME)
      assert.deepEqual(taken(block, 1), [10n])
      assert.deepEqual(taken(block, 1, other), [])
      assert.equal(block.remaining, 0)
      assert.deepEqual(taken(block, 1), [])
    })

  test('one that was meant for somebody else is refused as a whole', () => {
    assert.throws(() => new SubBlock(numbers([0, 10, 5]), '4711/boot-1/nonce-2'), /the one who asked/)
  })
})

describe('the life of a sub-block', () => {
  for (const [what, offMs] of [
    ['too old', SHARE_LIFE_MS + 1],
    ['from the future by a clock that stepped back', -SHARE_LIFE_MS - 1],
    ['judged by a clock that reads NaN', Number.NaN],
    ['judged by a clock that reads infinity', Number.POSITIVE_INFINITY],
  ] as const)
    test(`${what}: all of it is burnt`, () => {
      const block = new SubBlock(numbers([0, 10, 5]), ME)
      assert.equal(block.take(1, ME, T + offMs, new IdBatch()), 0)
      assert.equal(block.remaining, 0)
      assert.deepEqual(taken(block, 1), [])
    })

  test('is good to its last millisecond', () => {
    const block = new SubBlock(numbers([0, 10, 5]), ME)
    assert.equal(block.take(1, ME, T + SHARE_LIFE_MS, new IdBatch()), 1)
    assert.equal(block.take(1, ME, T - SHARE_LIFE_MS, new IdBatch()), 1)
  })

  test('what is dropped does not come back', () => {
    const block = new SubBlock(numbers([0, 10, 5]), ME)
    block.drop()
    assert.deepEqual(taken(block, 1), [])
  })
})

describe('what is no sub-block is refused before any of it is used', () => {
  const snowflake = (...runs: Run[]): PackedSubBlock => packSubBlock(batchOf('snowflake', ...runs), ME, T)
  for (const [what, packed] of [
    ['a run that crosses its millisecond', snowflake([SNOWFLAKE, 1000, 25])],
    ['a snowflake where segments lie', snowflake([SNOWFLAKE - 1, 0, 1])],
    ['a snowflake in the spare bit', snowflake([2 ** 30, 0, 1])],
    ['a segment above 2^53', numbers([2 ** 21 - 1, 2 ** 32 - 1, 2])],
    ['a segment where snowflakes lie', numbers([SNOWFLAKE, 0, 1])],
    ['an empty run', numbers([0, 5, 0])],
    ['a run twice', numbers([0, 5, 5], [0, 5, 5])],
    ['runs that overlap by one', numbers([0, 5, 5], [0, 9, 5])],
    ['runs in the wrong order', numbers([1, 0, 5], [0, 9, 5])],
    ['half a run', { ...numbers([0, 5, 5]), runs: new Uint32Array(2) }],
    ['half a UUID', { ...uuids(16), uuids: new Uint8Array(24) }],
    ['numbers for a UUID tag', { ...uuids(16), runs: new Uint32Array([0, 1, 1]) }],
    ['UUIDs for a numeric tag', { ...numbers([0, 5, 5]), uuids: new Uint8Array(16) }],
    [
      'runs that are no words',
      { ...numbers([0, 5, 5]), runs: [0, 5, 5] as unknown as Uint32Array<ArrayBuffer> },
    ],
    ['an unknown algorithm', { ...numbers([0, 5, 5]), algorithm: 'sonyflake' as AlgorithmName }],
    ['no time', { ...numbers([0, 5, 5]), takenAtMs: Number.NaN }],
  ] as const)
    test(what + ' is refused', () => {
      assert.throws(() => new SubBlock(packed, ME), /invariant broken/)
    })

  test('the last segment value, 2^53 - 1, is not', () => {
    assert.deepEqual(taken(new SubBlock(numbers([2 ** 21 - 1, 2 ** 32 - 1, 1]), ME), 1), [2n ** 53n - 1n])
  })
})

type Run = readonly [hi: number, lo: number, count: number]

function batchOf(algorithm: AlgorithmName, ...runs: readonly Run[]): IdBatch {
  const batch = new IdBatch()
  batch.algorithm = algorithm
  for (const run of runs) batch.pushRun(...run)
  return batch
}

function numbers(...runs: readonly Run[]): PackedSubBlock {
  return packSubBlock(batchOf('segment', ...runs), ME, T)
}

function uuids(bytes: number): PackedSubBlock {
  const batch = new IdBatch()
  batch.algorithm = 'uuid-v4'
  batch.reserveUuids(bytes / 16)
  return packSubBlock(batch, ME, T)
}

function takenRun(block: SubBlock, count: number): bigint[] | undefined {
  const out = new IdBatch()
  if (!block.takeRun(count, ME, T, out)) return undefined
  assert.equal(out.runCount, 1)
  return batchNumbers(out)
}

function taken(block: SubBlock, count: number, owner = ME): bigint[] {
  const out = new IdBatch()
  assert.equal(block.take(count, owner, T, out), out.count)
  return batchNumbers(out)
}
