import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { IdGeneratorSpecAllowedNamespaces } from '../api/generated/id-generator.ts'
import { isAllowed } from './biz-tag-access.ts'

describe('whose BizTags an IdGenerator takes', () => {
  const yes = { ids: 'yes', tier: 'one' }
  const selector = { ids: 'yes' }
  const rows: readonly [
    string,
    IdGeneratorSpecAllowedNamespaces | undefined,
    string,
    Record<string, string> | undefined,
    boolean,
  ][] = [
    ['its own namespace, always', { from: 'Same' }, 'home', undefined, true],
    ['its own namespace whatever its labels', { from: 'Selector', selector }, 'home', {}, true],
    ['no other by default', undefined, 'team', yes, false],
    ['no other with Same', { from: 'Same' }, 'team', yes, false],
    ['every other with All', { from: 'All' }, 'team', undefined, true],
    ['one with the label', { from: 'Selector', selector }, 'team', yes, true],
    ['none with another value', { from: 'Selector', selector }, 'team', { ids: 'no' }, false],
    [
      'none with one of two labels',
      { from: 'Selector', selector: { ids: 'yes', tier: 'two' } },
      'team',
      yes,
      false,
    ],
    ['none whose labels are not known', { from: 'Selector', selector }, 'team', undefined, false],
    ['none by a selector of nothing', { from: 'Selector', selector: {} }, 'team', yes, false],
  ]
  for (const [name, allowed, namespace, labels, wanted] of rows)
    test(`it takes ${name}`, () => {
      assert.equal(isAllowed(allowed, 'home', namespace, labels), wanted)
    })
})
