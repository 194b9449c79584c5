import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DuplicateCheck } from './duplicate-check.ts'

const ROOM = 64 * 1024 * 1024
const BILLION = 10n ** 9n

interface Given {
  readonly tag: number
  readonly first: bigint
  readonly count: number
}

/** Close together, so that many overlap, around every place where something carries over. */
const GIVEN: fc.Arbitrary<Given> = fc.record({
  tag: fc.integer({ min: 0, max: 2 }),
  first: fc
    .tuple(
      fc.constantFrom(0n, 1024n * 31n, BILLION - 70n, 2n ** 53n - 70n, 2n ** 62n, 2n ** 63n - 3000n),
      fc.bigInt(0n, 140n),
    )
    .map(([base, more]) => base + more),
  count: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 2000 })),
})

function give(check: DuplicateCheck, { tag, first, count }: Given): void {
  check.numbers(tag, Number(first / BILLION), Number(first % BILLION), count)
}

/** What a plain Set says. */
function repeats(all: readonly Given[]): number {
  const seen = new Set<string>()
  let twice = 0
  for (const { tag, first, count } of all)
    for (let value = first; value < first + BigInt(count); value += 1n) {
      const space = value < 2n ** 53n ? String(tag) : 'snowflakes'
      const id = `${space} ${value}`
      if (seen.has(id)) twice += 1
      seen.add(id)
    }
  return twice
}

/** A run of either kind lies on one side of 2^53: the service never hands out one that crosses. */
function crosses({ first, count }: Given): boolean {
  return first < 2n ** 53n && first + BigInt(count) > 2n ** 53n
}

test('it finds as many repeats as a Set, however they are spread over threads', () => {
  fc.assert(
    fc.property(
      fc.array(
        GIVEN.filter((given) => !crosses(given)),
        { maxLength: 12 },
      ),
      fc.nat(12),
      (all, split) => {
        const first = new DuplicateCheck(['a', 'b', 'c'], ROOM)
        const second = new DuplicateCheck(['a', 'b', 'c'], ROOM)
        for (const given of all.slice(0, split)) give(first, given)
        for (const given of all.slice(split)) give(second, given)
        const whole = new DuplicateCheck(['a', 'b', 'c'], ROOM)
        whole.merge(first.release())
        whole.merge(second.release())
        const { duplicates, checked, unchecked } = whole.summary()
        assert.equal(duplicates, repeats(all))
        assert.equal(
          checked,
          all.reduce((sum, { count }) => sum + count, 0),
        )
        assert.equal(unchecked, 0)
      },
    ),
    { numRuns: 60 },
  )
})

test('it names what came twice, with its tag where the space is a tag’s own', () => {
  const check = new DuplicateCheck(['acme/shop/orders', 'acme/shop/carts'], ROOM)
  check.numbers(0, 0, 41, 3)
  check.numbers(1, 0, 42, 1)
  check.numbers(0, 0, 42, 1)
  check.numbers(0, 9_007_199_254, 740_992_000, 1)
  check.numbers(1, 9_007_199_254, 740_992_000, 1)
  assert.deepEqual(check.summary(), {
    checked: 7,
    unchecked: 0,
    duplicates: 2,
    examples: [
      { tag: 'acme/shop/orders', id: '42' },
      { tag: 'any', id: '9007199254740992000' },
    ],
  })
})

test('UUIDs are told apart by each of their words, and found again in another thread', () => {
  const check = new DuplicateCheck(['a'], ROOM)
  const words: [number, number, number, number] = [0x01984f0e, 0x5b6a7c3f, 0x8f6e2f0b, 0x7c1d9e5a]
  check.uuid(0, ...words)
  for (const i of [0, 1, 2, 3])
    check.uuid(0, ...(words.map((w, k) => (k === i ? w ^ 1 : w) >>> 0) as typeof words))
  check.uuid(0, 0, 0, 0, 0)
  assert.equal(check.summary().duplicates, 0)
  const other = new DuplicateCheck(['a'], ROOM)
  other.uuid(0, ...words)
  other.uuid(0, 0, 0, 0, 0)
  check.merge(other.release())
  assert.equal(check.summary().duplicates, 2)
  assert.equal(check.summary().examples[0]?.id, '01984f0e-5b6a-7c3f-8f6e-2f0b7c1d9e5a')
})

test('texts of a tag are found again, also in another thread, and those of another tag are others', () => {
  const check = new DuplicateCheck(['acme/shop/invoice', 'acme/shop/offer'], ROOM)
  for (const text of ['INV-0042', 'INV-0043', '0042', '42']) check.text(0, text)
  check.text(1, 'INV-0042')
  assert.deepEqual(check.summary(), { checked: 5, unchecked: 0, duplicates: 0, examples: [] })
  check.text(0, 'INV-0043')
  assert.deepEqual(check.summary().examples, [{ tag: 'acme/shop/invoice', id: 'INV-0043' }])
  const other = new DuplicateCheck(['acme/shop/invoice', 'acme/shop/offer'], ROOM)
  for (const text of ['INV-0042', 'INV-0044']) other.text(0, text)
  check.merge(other.release())
  assert.equal(check.summary().duplicates, 2)
})

for (const place of [0, 1, 2, 3])
  test(`thousands of UUIDs that differ in word ${place} only are all new, and all found again`, () => {
    const check = new DuplicateCheck(['a'], ROOM)
    const give = (i: number): void => {
      const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = [7, 7, 7, 7].with(place, i)
      check.uuid(0, w0, w1, w2, w3)
    }
    for (let i = 1; i <= 10_000; i += 1) give(i)
    assert.deepEqual(check.summary(), { checked: 10_000, unchecked: 0, duplicates: 0, examples: [] })
    for (let i = 1; i <= 10_000; i += 1) give(i)
    assert.equal(check.summary().duplicates, 10_000)
  })

test('what does not fit into the memory is counted as not checked, and the rest still is', () => {
  const check = new DuplicateCheck(['a'], 448 * 10)
  for (let i = 0; i < 50; i += 1) check.numbers(0, 0, i * 1024, 1)
  check.numbers(0, 0, 0, 1)
  const { checked, unchecked, duplicates } = check.summary()
  assert.deepEqual({ checked, unchecked, duplicates }, { checked: 11, unchecked: 40, duplicates: 1 })
  for (let i = 1; i <= 3000; i += 1) check.uuid(0, i, i, i, i)
  assert.ok(check.summary().unchecked > 40)
  assert.equal(check.summary().checked + check.summary().unchecked, 3051)
  for (let i = 1; i <= 3000; i += 1) check.text(0, `A-${i}`)
  assert.equal(check.summary().checked + check.summary().unchecked, 6051)
  assert.ok(check.summary().unchecked > 80)
})
