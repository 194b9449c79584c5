import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalLayout } from './tag-layout.ts'
import { parseLayoutText } from './tag-layout-text.ts'

const TWITTER = {
  ...canonicalLayout('53-bit'),
  epochMs: 1_288_834_974_657,
  unitMs: 1,
  timeBits: 41,
  sequenceBits: 11,
}

test('a layout is written by its name, by its fields or as JSON', () => {
  assert.deepEqual(parseLayoutText('53-bit'), { layout: canonicalLayout('53-bit') })
  for (const text of [
    'epochMs=1288834974657,timeBits=41,sequenceBits=11',
    ' sequenceBits=11 , timeBits=41 , epochMs=1288834974657, unitMs=1,dcBits=3,workerBits=8',
    '{"epochMs": 1288834974657, "timeBits": 41, "sequenceBits": 11}',
  ])
    assert.deepEqual(parseLayoutText(text), { layout: TWITTER })
})

for (const [text, fault] of [
  ['', /^Write 53-bit, or numbers .*fields: epochMs/],
  ['54-bit', /^Write 53-bit/],
  ['timeBits', /^Write 53-bit/],
  ['timeBits=41,timeBits=40', /^Write 53-bit/],
  ['timeBits=-1', /^Write 53-bit/],
  ['{', /^Write 53-bit/],
  ['timeBits=41', /^A layout needs sequenceBits as an integer from 1 to 22, not nothing/],
  ['timeBits=41,sequenceBits=11,bits=2', /^A layout has the field bits, which no layout has/],
  ['timeBits=47,sequenceBits=22', /^A layout has 80 bits: at most 63/],
  ['{"timeBits": "41"}', /^A layout needs timeBits as an integer/],
  ['{"__proto__": {}, "timeBits": 41}', /^A layout (has the field __proto__|needs)/],
] as const)
  test(`${JSON.stringify(text)} is no layout, and the answer says why`, () => {
    const parsed = parseLayoutText(text)
    assert.match('fault' in parsed ? parsed.fault : '', fault)
  })
