import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ALGORITHMS } from './algorithm.ts'
import { DEFAULT_SPACE, DEFAULT_STEP, SEGMENT_LIMIT } from './tag.ts'
import { parseTagRecord, printTagRecord, recordOf, sameRecord, type TagRecord } from './tag-record.ts'

const RECORD: TagRecord = {
  generation: '0123456789abcdef0123456789abcdef',
  displayName: 'Orders „№ 1“',
  chain: ['segment', 'snowflake'],
  step: DEFAULT_STEP,
  space: DEFAULT_SPACE,
}

function faultsOf(text: string): string[] {
  const parsed = parseTagRecord(text)
  assert.ok('faults' in parsed, `faults were expected in ${text.slice(0, 100)}`)
  return parsed.faults.map(({ path, message }) => `${path} ${message}`)
}
/** The record with one field replaced, as a person would edit it. */
function edited(change: object): string {
  return JSON.stringify({ ...RECORD, ...change })
}

test('what is printed is read again as the same', () => {
  assert.deepEqual(parseTagRecord(printTagRecord(RECORD)), { record: RECORD })
  assert.match(printTagRecord(RECORD), /\n {2}"displayName": "Orders „№ 1“",\n/)
})

test('every fault is told at once with its path', () => {
  assert.deepEqual(
    faultsOf(
      edited({
        generation: 'X',
        displayName: 7,
        chain: ['segment', 'magic'],
        step: { base: '1', min: 1.5 },
        more: 1,
      }),
    ),
    [
      '/more is not known here',
      '/generation must be 32 hex digits in lower case',
      '/displayName must be text, not 7',
      '/chain must name only segment, snowflake, uuid-v7, uuid-v4',
      '/step/max is required',
      '/step/base must be an integer, not "1"',
      '/step/min must be an integer, not 1.5',
    ],
  )
})

test('what the API would refuse is refused in a key as well', () => {
  const cases: [object, RegExp][] = [
    [{ chain: [] }, /\/chain must name at least one/],
    [{ chain: ['snowflake', 'segment'] }, /\/chain must keep the order/],
    [{ chain: ['segment', 'segment'] }, /\/chain names an algorithm twice/],
    [{ step: { base: 0, min: 1, max: 1 } }, /\/step\/base must be an integer from 1/],
    [{ step: { base: 10, min: 20, max: 30 } }, /\/step\/min must not exceed base/],
    [{ space: { ...DEFAULT_SPACE, dcCount: 9 } }, /\/space\/dcCount must be an integer from 1 to 8/],
    [{ space: { ...DEFAULT_SPACE, startAt: -1 } }, /\/space\/startAt/],
    [{ space: { ...DEFAULT_SPACE, startAt: SEGMENT_LIMIT - 5 } }, /\/space leaves no whole cell/],
    [{ displayName: 'a\u0000b' }, /\/displayName must not hold control characters/],
    [{ displayName: 'x'.repeat(201) }, /\/displayName must have at most 200/],
    [{ displayName: '\ud800' }, /half surrogate/],
  ]
  for (const [change, expected] of cases) assert.match(faultsOf(edited(change)).join('; '), expected)
})

test('what is no object at all, or far too large, is refused and not quoted', () => {
  for (const text of ['', 'null', '[]', '7', '"x"', '{', '{"a":1}x'])
    assert.equal(faultsOf(text)[0]?.startsWith('/ must be'), true, text)
  assert.deepEqual(faultsOf(' '.repeat(16_385)), ['/ must have at most 16384 characters'])
  assert.equal('record' in parseTagRecord(printTagRecord(RECORD).padEnd(16_384)), true)
})

test('__proto__ and other names of objects are unknown fields and change nothing', () => {
  const text = printTagRecord(RECORD).replace('{', '{"__proto__":{"displayName":"x"},"constructor":1,')
  assert.deepEqual(faultsOf(text), ['/__proto__ is not known here', '/constructor is not known here'])
  const without = printTagRecord(RECORD).replace(/ {2}"displayName".*\n/, '')
  assert.deepEqual(faultsOf(without.replace('{', '{"__proto__":{"displayName":"x"},')), [
    '/__proto__ is not known here',
    '/displayName is required',
  ])
})

test('a name twice in one object is what JSON says it is: the last', () => {
  const text = printTagRecord(RECORD).replace('"displayName"', '"displayName":"first",\n"displayName"')
  assert.deepEqual(parseTagRecord(text), { record: RECORD })
})

test('records are the same whatever the layout, and different in any field', () => {
  assert.ok(sameRecord(RECORD, recordOf({ ...RECORD, extra: 1 } as TagRecord)))
  const others = [
    { ...RECORD, generation: 'f'.repeat(32) },
    { ...RECORD, displayName: '' },
    { ...RECORD, chain: ['segment' as const] },
    { ...RECORD, step: { ...DEFAULT_STEP, base: 999 } },
    { ...RECORD, space: { ...DEFAULT_SPACE, startAt: 2 } },
  ]
  for (const other of others) assert.ok(!sameRecord(RECORD, other))
})

test('no text makes the reader throw, and what it takes is printed and read again as the same', () => {
  const record = fc.record({
    generation: fc.constantFrom('a'.repeat(32), 'A'.repeat(32), ''),
    displayName: fc.string({ unit: 'binary', maxLength: 20 }),
    chain: fc.array(fc.constantFrom(...ALGORITHMS), { maxLength: 4 }),
    step: fc.record({ base: fc.integer(), min: fc.integer(), max: fc.integer() }),
    space: fc.record({ startAt: fc.integer(), cellSize: fc.integer(), dcCount: fc.integer() }),
  })
  const text = fc.oneof(
    fc.json(),
    fc.string(),
    record.map((r) => JSON.stringify(r)),
  )
  fc.assert(
    fc.property(text, (given) => {
      const parsed = parseTagRecord(given)
      if ('faults' in parsed) assert.ok(parsed.faults.length > 0)
      else assert.deepEqual(parseTagRecord(printTagRecord(parsed.record)), parsed)
    }),
    { seed: 20261126 },
  )
})

test('a space with a format is read as it was printed, and its faults are told', () => {
  const space = { ...DEFAULT_SPACE, format: { prefix: 'A', width: 4 } }
  const formatted = { ...RECORD, space }
  assert.deepEqual(parseTagRecord(printTagRecord(formatted)), { record: formatted })
  assert.equal(sameRecord(formatted, RECORD), false)
  const other = { ...RECORD, space: { ...DEFAULT_SPACE, format: { width: 4, prefix: 'A' } } }
  assert.equal(sameRecord(formatted, other), true, 'the order of fields says nothing')
  assert.match(
    faultsOf(edited({ space: { ...space, format: { radix: 7 } } })).join(),
    /\/space\/format\/radix/,
  )
})
