import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BizTagSpec } from '../api/generated/biz-tag.ts'
import type { IdGeneratorSpecDefaults } from '../api/generated/id-generator.ts'
import type { BizTag } from '../api/kinds.ts'
import { declarationOf } from './biz-tag-declaration.ts'

function tag(spec: Partial<BizTagSpec> = {}, status: BizTag['status'] = {}): BizTag {
  return {
    apiVersion: 'idgen.io/v1alpha1',
    kind: 'BizTag',
    metadata: {
      name: 'n',
      namespace: 'ns',
      uid: 'u',
      resourceVersion: '1',
      generation: 4,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: {
      generatorRef: { name: 'ids' },
      workspace: 'w',
      group: 'g',
      tag: 't',
      deletionPolicy: 'Retain',
      ...spec,
    },
    status,
  }
}

describe('what a BizTag declares', () => {
  const rows: [string, Partial<BizTagSpec>, IdGeneratorSpecDefaults | undefined, object][] = [
    ['nothing is said, and nothing is the default', {}, undefined, {}],
    [
      'the IdGenerator says it',
      {},
      { algorithm: 'uuid-v7', step: { base: 7 } },
      { algorithm: 'uuid-v7', step: { base: 7 } },
    ],
    ['the chain of the IdGenerator', {}, { chain: ['segment'] }, { chain: ['segment'] }],
    [
      'an algorithm takes the place of the IdGenerator’s chain',
      { algorithm: 'snowflake' },
      { chain: ['segment'] },
      { algorithm: 'snowflake' },
    ],
    [
      'a chain takes the place of the IdGenerator’s algorithm',
      { chain: ['segment'] },
      { algorithm: 'uuid-v7' },
      { chain: ['segment'] },
    ],
    [
      'a step takes the place of the whole other one',
      { step: { max: 5 } },
      { step: { base: 9, min: 8 } },
      { step: { max: 5 } },
    ],
    [
      'what only a tag has',
      { displayName: 'N', space: { dcCount: 1 } },
      {},
      { displayName: 'N', space: { dcCount: 1 } },
    ],
  ]
  const prefixed = { format: { prefix: 'INV-' } }
  const dated = { dcCount: 1, format: { reset: 'day', width: 6 } } as const
  rows.push(
    [
      'a format takes the step of the IdGenerator, and not its chain',
      { space: prefixed },
      { chain: ['segment', 'uuid-v7'], step: { base: 9 } },
      { space: prefixed, step: { base: 9 } },
    ],
    [
      'a format with dates takes neither',
      { space: dated },
      { algorithm: 'snowflake', step: { base: 1_000_000 } },
      { space: dated },
    ],
    [
      'a format with dates takes what is said beside it',
      { space: dated, chain: ['segment'], step: { max: 50 } },
      { step: { base: 9 } },
      { space: dated, chain: ['segment'], step: { max: 50 } },
    ],
  )
  for (const [name, spec, defaults, wanted] of rows)
    test(`its settings: ${name}`, () => {
      assert.deepEqual(declarationOf(tag(spec), defaults, 'c').spec, wanted)
    })

  test('it names its owner, its generation and what it has seen of the numbers', () => {
    const status = {
      datacenters: [{ id: 0, highWater: '12' }, { id: 3, highWater: '9007199254740993' }, { id: 5 }],
    }
    assert.deepEqual(declarationOf(tag({}, status), undefined, 'c'), {
      owner: { cluster: 'c', namespace: 'ns', name: 'n', uid: 'u', createdAt: '2026-01-01T00:00:00Z' },
      generation: 4,
      spec: {},
      floors: { 0: '12', 3: '9007199254740993' },
    })
  })
})
