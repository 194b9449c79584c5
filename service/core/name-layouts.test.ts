import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bearsNoLayout } from './name-layouts.ts'
import { printRangeClaim, type RangeClaim } from './range-claim.ts'
import { SEGMENT_LIMIT } from './tag.ts'
import { canonicalLayout } from './tag-layout.ts'
import { printTagRecord } from './tag-record.ts'
import { printTombstone } from './tombstone.ts'

const OWN: RangeClaim = { generation: 'a'.repeat(32), startAt: 1, cellSize: 1000, dcCount: 2 }
const OTHER = { ...OWN, generation: 'b'.repeat(32) }
const NARROW = { ...OTHER, format: { snowflake: canonicalLayout('53-bit') } }
const DATED = { ...OTHER, format: { width: 6, reset: 'day' as const } }
const claims: Record<string, string | undefined> = {
  none: undefined,
  own: printRangeClaim(OWN),
  other: printRangeClaim(OTHER),
  layout: printRangeClaim(NARROW),
  dated: printRangeClaim(DATED),
  unreadable: '{',
}
/** Of tags of these generations. */
const configs = {
  settings: settings(OTHER.generation),
  'a key of a person': settings('c'.repeat(32)),
  'a key that is no tag': '{}',
}
const graves: Record<string, string | undefined> = {
  none: undefined,
  low: printTombstone({ generation: OTHER.generation, highWater: 500 }),
  format: printTombstone({ generation: OTHER.generation, highWater: SEGMENT_LIMIT }),
  unreadable: '{',
}

for (const [claim, grave, config, bears] of [
  // Nobody claimed it: another database may do so with a layout.
  ['none', 'none', undefined, false],
  ['none', 'low', undefined, true],
  ['own', 'none', undefined, true],
  ['own', 'low', undefined, true],
  // Its creation may yet fail, and a layout come.
  ['other', 'none', undefined, false],
  ['other', 'none', 'settings', true],
  ['other', 'none', 'a key of a person', false],
  ['other', 'none', 'a key that is no tag', false],
  ['other', 'low', 'a key of a person', true],
  ['other', 'low', undefined, true],
  ['dated', 'none', 'settings', true],
  ['layout', 'none', 'settings', false],
  ['layout', 'low', 'settings', false],
  ['unreadable', 'none', 'settings', false],
  ['unreadable', 'low', 'settings', false],
  ['none', 'format', undefined, false],
  // A rival's that never owned the name: it came later.
  ['own', 'format', 'settings', true],
  ['own', 'unreadable', 'settings', true],
  ['other', 'format', 'settings', false],
  ['other', 'unreadable', 'settings', false],
] as const)
  test(`a name with the claim ${claim}, the tombstone ${grave} and ${config ?? 'no settings'} ${bears ? 'bears no layout' : 'may bear one'}`, () => {
    const name = { claim: claims[claim], tombstone: graves[grave], config: config && configs[config] }
    assert.equal(bearsNoLayout(name, OWN), bears)
  })

function settings(generation: string): string {
  const step = { base: 1000, min: 100, max: 1000 }
  const space = { startAt: 1, cellSize: 1000, dcCount: 2 }
  return printTagRecord({ generation, displayName: '', chain: ['snowflake'], step, space })
}
