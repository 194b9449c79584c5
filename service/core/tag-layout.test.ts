import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_EPOCH_MS } from './snowflake-layout.ts'
import {
  canonicalLayout,
  decodeOfLayout,
  firstOfUnit,
  isSafeLayout,
  LAYOUT_BOUNDS,
  layoutEndMs,
  layoutFault,
  type TagLayout,
} from './tag-layout.ts'

const SAFE = canonicalLayout('53-bit')

describe('layout of a tag', () => {
  test('the one that is named 53-bit holds up to 2^53 - 1 and lasts until 2111', () => {
    const last = firstOfUnit(SAFE, 2 ** SAFE.timeBits - 1, 7, 255)
    assert.equal(last.hi * 2 ** 32 + last.lo + 15, Number.MAX_SAFE_INTEGER)
    assert.equal(new Date(layoutEndMs(SAFE)).getUTCFullYear(), 2111)
    assert.ok(isSafeLayout(SAFE))
    assert.equal(isSafeLayout({ ...SAFE, sequenceBits: 5 }), false)
  })

  test('what is left out has defaults, and its fields are always written in one order', () => {
    const given = { sequenceBits: 12, timeBits: 40 } as TagLayout
    assert.equal(layoutFault(given), undefined)
    assert.deepEqual(Object.entries(canonicalLayout(given)), [
      ['epochMs', DEFAULT_EPOCH_MS],
      ['unitMs', 1],
      ['timeBits', 40],
      ['dcBits', 3],
      ['workerBits', 8],
      ['sequenceBits', 12],
    ])
  })

  for (const [given, said] of [
    ['54-bit', /must be 53-bit or an object of bit widths, not "54-bit"/],
    [7, /must be 53-bit or an object/],
    [null, /must be 53-bit or an object/],
    [{ ...SAFE, colour: 1 }, /colour, which no layout has/],
    [{ timeBits: 41 }, /sequenceBits as an integer from 1 to 22, not nothing/],
    [{ ...SAFE, workerBits: 5 }, /workerBits as an integer from 8 to 16, not 5/],
    [{ ...SAFE, unitMs: 0 }, /unitMs as an integer from 1 to 1000, not 0/],
    [{ ...SAFE, unitMs: 1.5 }, /unitMs as an integer from 1 to 1000, not 1.5/],
    [{ ...SAFE, epochMs: 4_102_444_800_001 }, /epochMs as an integer from 0 to 4102444800000/],
    [{ ...SAFE, timeBits: 48, sequenceBits: 4 }, /timeBits as an integer from 20 to 47, not 48/],
    [{ ...SAFE, timeBits: 47, unitMs: 2, sequenceBits: 4 }, /lasts 8919 years, beyond the year 9999/],
    [{ ...SAFE, timeBits: 45, sequenceBits: 8 }, /has 64 bits: at most 63/],
    [{ ...SAFE, workerBits: 16, sequenceBits: 14, timeBits: 30 }, /has 33 bits below the time/],
    [{ ...SAFE, timeBits: 34 }, /lasts 5\.4 years/],
  ] as const)
    test(`${JSON.stringify(given)} is refused with what is wrong`, () => {
      assert.match(layoutFault(given) ?? 'no fault', said)
    })

  test('every number leads back to what it was made of, and orders by time, dc, worker, sequence', () => {
    fc.assert(
      fc.property(stampIn(), ({ layout, a, b }) => {
        for (const one of [a, b])
          assert.deepEqual(decodeOfLayout(layout, numberOf(layout, one)), {
            timeMs: layout.epochMs + one.unit * layout.unitMs,
            dc: one.dc,
            worker: one.worker,
            sequence: one.sequence,
          })
        const order = (stamp: Stamp): number[] => [stamp.unit, stamp.dc, stamp.worker, stamp.sequence]
        const first = order(a).findIndex((part, i) => part !== order(b)[i])
        const expected = first < 0 ? 0 : Math.sign((order(a)[first] ?? 0) - (order(b)[first] ?? 0))
        const [na, nb] = [numberOf(layout, a), numberOf(layout, b)]
        assert.ok(na.hi < 2 ** 31 && na.lo < 2 ** 32)
        assert.equal(Math.sign(na.hi - nb.hi) || Math.sign(na.lo - nb.lo), expected)
      }),
      { numRuns: 2000 },
    )
  })

  test('the last that may be ends with the year 9999, and whatever may be is a date', () => {
    const most = { ...SAFE, timeBits: 47, unitMs: 1, epochMs: 0 }
    assert.equal(layoutFault(most), undefined)
    assert.equal(new Date(layoutEndMs(most)).getUTCFullYear(), 6429)
    const years = (unitMs: number): string | undefined =>
      layoutFault({ ...SAFE, timeBits: 38, unitMs, epochMs: 0 })
    const longest = Math.floor(Date.UTC(10_000, 0, 1) / 2 ** 38)
    assert.equal(years(longest), undefined)
    assert.match(years(longest + 1) ?? '', /beyond the year 9999/)
  })

  test('a number above all that its bits can hold does not decode', () => {
    assert.equal(decodeOfLayout(SAFE, { hi: 2 ** 21, lo: 0 }), undefined)
    assert.notEqual(decodeOfLayout(SAFE, { hi: 2 ** 21 - 1, lo: 0xffff_ffff }), undefined)
  })
})

interface Stamp {
  readonly unit: number
  readonly dc: number
  readonly worker: number
  readonly sequence: number
}

function numberOf(layout: TagLayout, { unit, dc, worker, sequence }: Stamp): { hi: number; lo: number } {
  const { hi, lo } = firstOfUnit(layout, unit, dc, worker)
  return { hi, lo: lo + sequence }
}

/** Any layout without a fault, and two stamps that fit it: often next to each other, and at the ends. */
function stampIn() {
  const within = (field: keyof TagLayout): fc.Arbitrary<number> => {
    const [min, max] = LAYOUT_BOUNDS[field]
    return fc.integer({ min, max })
  }
  const layouts = fc
    .record({
      epochMs: within('epochMs'),
      unitMs: within('unitMs'),
      timeBits: within('timeBits'),
      dcBits: within('dcBits'),
      workerBits: within('workerBits'),
      sequenceBits: within('sequenceBits'),
    })
    .filter((layout) => layoutFault(layout) === undefined)
  return layouts.chain((layout) => {
    const below = (bits: number): fc.Arbitrary<number> => fc.nat({ max: 2 ** Math.min(bits, 30) - 1 })
    const units = fc.oneof(
      fc.integer({ min: 0, max: 2 ** layout.timeBits - 1 }),
      fc.constantFrom(0, 1, 2 ** layout.timeBits - 1),
    )
    const stamp = fc.record({
      unit: units,
      dc: below(layout.dcBits),
      worker: below(layout.workerBits),
      sequence: below(layout.sequenceBits),
    })
    return fc.record({ layout: fc.constant(layout), a: stamp, b: stamp })
  })
}
