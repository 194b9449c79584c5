import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { settingsDiffering, tagSettings } from './tag-settings.ts'

const SPACE = { format: { shuffleKey: '0'.repeat(32) } }
const DECLARED = {
  displayName: 'N',
  chain: ['segment'],
  step: { base: 1000, min: 10, max: 5000 },
  space: SPACE,
}

describe('what differs between two settings of a tag', () => {
  const rows: readonly [string, object, readonly string[]][] = [
    [
      'nothing, in another order',
      { step: { max: 5000, min: 10, base: 1000 }, chain: ['segment'], displayName: 'N' },
      [],
    ],
    [
      'two fields, each with both values',
      { ...DECLARED, displayName: 'M', step: { base: 1000, min: 10, max: 5 } },
      ['displayName was "M" in place of "N"', 'step.max was 5 in place of 5000'],
    ],
    [
      'a list',
      { ...DECLARED, chain: ['segment', 'uuid-v4'] },
      ['chain was ["segment","uuid-v4"] in place of ["segment"]'],
    ],
    [
      'the key of a shuffle, which is not told',
      { ...DECLARED, space: { format: { shuffleKey: '1'.repeat(32) } } },
      ['space.format.shuffleKey was another one'],
    ],
    ['nothing that only another version knows', { ...DECLARED, colour: 'red' }, []],
    ['nothing that another version does not know', { chain: ['segment'] }, []],
  ]
  for (const [name, seen, wanted] of rows)
    test(`it is ${name}`, () => {
      assert.deepEqual(settingsDiffering(tagSettings(DECLARED), tagSettings({ ...seen })), wanted)
    })
})
