import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { IdGeneratorSpecAllowedNamespaces } from '../api/generated/id-generator.ts'
import { allowedWorkspaces, isAllowed } from './biz-tag-access.ts'

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

describe('in which workspaces a namespace may have its tags', () => {
  const team = { namespace: 'team', workspaces: ['shop', 'pay'] }
  const others = { namespace: '*', workspaces: ['play'] }
  const rows: readonly [
    string,
    IdGeneratorSpecAllowedNamespaces | undefined,
    string,
    readonly string[] | undefined,
  ][] = [
    ['all, where nothing is said', undefined, 'team', undefined],
    ['all, where only others are named', { from: 'All', workspaces: [team] }, 'other', undefined],
    ['those of its entry', { from: 'All', workspaces: [others, team] }, 'team', ['shop', 'pay']],
    ['those of all others', { from: 'All', workspaces: [team, others] }, 'other', ['play']],
    ['none', { from: 'All', workspaces: [{ namespace: '*', workspaces: [] }] }, 'other', []],
    ['all, in the namespace of the IdGenerator', { from: 'All', workspaces: [others] }, 'home', undefined],
    [
      'those of its entry, also there',
      { from: 'Same', workspaces: [{ namespace: 'home', workspaces: ['own'] }] },
      'home',
      ['own'],
    ],
  ]
  for (const [name, allowed, namespace, wanted] of rows)
    test(`it is ${name}`, () => {
      assert.deepEqual(allowedWorkspaces(allowed, 'home', namespace), wanted)
    })
})
