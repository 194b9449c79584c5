import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { changesSinceRelease, compareDefinitions, type Definition, lastRelease } from './crd-compatibility.ts'
import { type Changes, compareSchemas, type Schema } from './crd-schema-changes.ts'

function changes(was: Schema, now: Schema): Changes {
  const found: Changes = { breaks: [], review: [] }
  compareSchemas('spec', was, now, found)
  return found
}

const TEXT: Schema = { type: 'string' }
const NUMBER: Schema = { type: 'integer' }

function object(properties: Record<string, Schema>, rest: Schema = {}): Schema {
  return { type: 'object', properties, ...rest }
}

describe('a change that breaks', () => {
  const table: readonly [string, Schema, Schema, RegExp][] = [
    ['a field that is gone', object({ a: TEXT }), object({}), /^spec\.a: the field is gone$/],
    [
      'another type',
      object({ a: TEXT }),
      object({ a: NUMBER }),
      /^spec\.a: type was "string" and is "integer"$/,
    ],
    [
      'another format',
      { ...NUMBER, format: 'int64' },
      { ...NUMBER, format: 'int32' },
      /^spec: format was "int64"/,
    ],
    ['a lost value', { enum: ['a', 'b'] }, { enum: ['b', 'c'] }, /^spec: the enum lost "a"$/],
    ['values where any was allowed', TEXT, { ...TEXT, enum: ['a'] }, /now an enum/],
    [
      'a new requirement',
      object({ a: TEXT }),
      object({ a: TEXT }, { required: ['a'] }),
      /^spec\.a: is required now and has no default$/,
    ],
    [
      'a new field that is required',
      object({}),
      object({ b: TEXT }, { required: ['b'] }),
      /^spec\.b: is required now/,
    ],
    ['a higher minimum', { minimum: 1 }, { minimum: 2 }, /^spec: minimum was 1 and is 2/],
    ['a minimum at all', {}, { minimum: 0 }, /^spec: minimum was none and is 0/],
    ['a lower maximum', { maximum: 9 }, { maximum: 8 }, /maximum/],
    ['a longer minimum', { minLength: 1 }, { minLength: 2 }, /minLength/],
    ['a shorter maximum', { maxLength: 63 }, { maxLength: 40 }, /maxLength/],
    ['fewer items', { maxItems: 8 }, { maxItems: 7 }, /maxItems/],
    ['more items', {}, { minItems: 1 }, /minItems/],
    ['fewer keys', {}, { maxProperties: 7 }, /maxProperties/],
    ['a coarser step', { multipleOf: 2 }, { multipleOf: 4 }, /multipleOf/],
    ['another pattern', { pattern: 'a' }, { pattern: 'b' }, /^spec: pattern was "a" and is b/],
    ['a pattern at all', {}, { pattern: 'b' }, /pattern was none/],
    ['null that is refused', { nullable: true }, {}, /null was allowed/],
    ['a default that is gone', { default: 1 }, {}, /the default 1 is gone/],
    [
      'another kind of list',
      { 'x-kubernetes-list-type': 'atomic' },
      { 'x-kubernetes-list-type': 'map' },
      /list-type/,
    ],
    [
      'another key of a list',
      { 'x-kubernetes-list-map-keys': ['a'] },
      { 'x-kubernetes-list-map-keys': ['b'] },
      /list-map-keys/,
    ],
    [
      'unknown fields that are dropped',
      { 'x-kubernetes-preserve-unknown-fields': true },
      {},
      /preserve-unknown-fields is gone/,
    ],
    [
      'a text that must be a number',
      { 'x-kubernetes-int-or-string': true },
      { 'x-kubernetes-int-or-string': false },
      /int-or-string is gone/,
    ],
    ['something in a list', { items: { maxLength: 9 } }, { items: { maxLength: 8 } }, /^spec\[\]: maxLength/],
    [
      'something in a map',
      { additionalProperties: TEXT },
      { additionalProperties: NUMBER },
      /^spec\.\*: type/,
    ],
    ['a map that is none', { additionalProperties: TEXT }, {}, /^spec\.\*: was described/],
    [
      'something deep below',
      object({ a: object({ b: TEXT }) }),
      object({ a: object({}) }),
      /^spec\.a\.b: the field is gone$/,
    ],
  ]
  for (const [what, was, now, message] of table)
    test(`it is found: ${what}`, () => {
      const { breaks } = changes(was, now)
      assert.equal(breaks.length, 1, breaks.join('\n'))
      assert.match(breaks[0] ?? '', message)
    })
})

describe('a change that does not break', () => {
  const table: readonly [string, Schema, Schema][] = [
    [
      'nothing',
      object({ a: { ...TEXT, maxLength: 9, enum: ['a'] } }, { required: ['a'] }),
      object({ a: { ...TEXT, maxLength: 9, enum: ['a'] } }, { required: ['a'] }),
    ],
    [
      'a new field',
      object({}),
      object({ a: { ...TEXT, pattern: 'x', minLength: 3, 'x-kubernetes-validations': [{ rule: 'true' }] } }),
    ],
    [
      'a new field with a default, required',
      object({}),
      object({ a: { ...TEXT, default: 'x' } }, { required: ['a'] }),
    ],
    ['a requirement less', object({ a: TEXT }, { required: ['a'] }), object({ a: TEXT })],
    ['wider bounds', { minimum: 2, maxLength: 8 }, { minimum: 1, maxLength: 9 }],
    ['no bounds any more', { minimum: 2, maxItems: 3, pattern: 'a' }, {}],
    ['a value more', { enum: ['a'] }, { enum: ['a', 'b'] }],
    ['any value', { enum: ['a'] }, {}],
    ['a rule less', { 'x-kubernetes-validations': [{ rule: 'x' }] }, {}],
    ['another description', { description: 'a' }, { description: 'b' }],
    ['a finer step', { multipleOf: 4 }, { multipleOf: 2 }],
    [
      'fields that go where all are kept',
      object({ a: TEXT }),
      object({}, { 'x-kubernetes-preserve-unknown-fields': true }),
    ],
  ]
  for (const [what, was, now] of table)
    test(`it passes: ${what}`, () => assert.deepEqual(changes(was, now), { breaks: [], review: [] }))
})

describe('a change that somebody must look at', () => {
  const table: readonly [string, Schema, Schema, RegExp][] = [
    [
      'a new rule',
      {},
      { 'x-kubernetes-validations': [{ rule: 'self.a == 1' }] },
      /a new rule, which objects may not fulfil: self\.a == 1/,
    ],
    ['another default', { default: 1 }, { default: 2 }, /the default was 1 and is 2/],
    ['a default at all', {}, { default: 2 }, /the default was none/],
    ['another combination', { anyOf: [TEXT] }, { anyOf: [NUMBER] }, /anyOf is another/],
  ]
  for (const [what, was, now, message] of table)
    test(`it is listed: ${what}`, () => {
      const { breaks, review } = changes(was, now)
      assert.deepEqual(breaks, [])
      assert.match(review.join('\n'), message)
    })
})

describe('definitions', () => {
  type Version = Definition['spec']['versions'][number]
  const VERSION: Version = {
    name: 'v1alpha1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: object({ spec: object({ a: TEXT }) }) },
    subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas' } },
    selectableFields: [{ jsonPath: '.spec.a' }],
    additionalPrinterColumns: [{ name: 'Ready' }],
  }
  const NEXT: Version = { ...VERSION, name: 'v1beta1', storage: false }

  function definition(spec: object = {}, ...versions: Version[]): Definition {
    const names = { kind: 'Thing', plural: 'things', shortNames: ['th'] }
    const all = {
      group: 'idgen.io',
      scope: 'Namespaced',
      names,
      versions: versions.length > 0 ? versions : [VERSION],
    }
    return { spec: { ...all, ...spec } }
  }

  const table: readonly [string, Definition, RegExp | undefined, RegExp?][] = [
    ['the same again', definition(), undefined],
    ['another group', definition({ group: 'other.io' }), /group was idgen\.io and is other\.io/],
    ['another scope', definition({ scope: 'Cluster' }), /scope/],
    [
      'another plural',
      definition({ names: { kind: 'Thing', plural: 'stuff', shortNames: ['th'] } }),
      /plural/,
    ],
    [
      'a short name less',
      definition({ names: { kind: 'Thing', plural: 'things' } }),
      /the short name th is gone/,
    ],
    ['a version more', definition({}, VERSION, NEXT), undefined],
    [
      'a version that is not served',
      definition({}, { ...VERSION, served: false }),
      /v1alpha1: is not served any more/,
    ],
    [
      'a version that is gone',
      definition({ conversion: { strategy: 'Webhook' } }, { ...NEXT, storage: true }),
      /v1alpha1: is not served any more/,
    ],
    [
      'another storage version',
      definition({}, { ...VERSION, storage: false }, { ...NEXT, storage: true }),
      /storage was v1alpha1 and is v1beta1, and nothing converts/,
    ],
    [
      'another storage version with a conversion',
      definition(
        { conversion: { strategy: 'Webhook' } },
        { ...VERSION, storage: false },
        { ...NEXT, storage: true },
      ),
      undefined,
    ],
    [
      'no status',
      definition({}, { ...VERSION, subresources: { scale: { specReplicasPath: '.spec.replicas' } } }),
      /the subresource status is gone/,
    ],
    [
      'another scale',
      definition({}, { ...VERSION, subresources: { status: {}, scale: { specReplicasPath: '.spec.size' } } }),
      /the subresource scale is another/,
    ],
    [
      'a selectable field less',
      definition({}, { ...VERSION, selectableFields: [] }),
      /the selectable field \.spec\.a is gone/,
    ],
    [
      'a column less',
      definition({}, { ...VERSION, additionalPrinterColumns: [] }),
      undefined,
      /the column Ready is gone/,
    ],
    [
      'a field less',
      definition({}, { ...VERSION, schema: { openAPIV3Schema: object({ spec: object({}) }) } }),
      /^Thing v1alpha1\.spec\.a: the field is gone$/,
    ],
  ]
  for (const [what, now, breaks, review] of table)
    test(`compared with the released one: ${what}`, () => {
      const found = compareDefinitions(definition(), now)
      if (breaks === undefined) assert.deepEqual(found.breaks, [])
      else assert.match(found.breaks.join('\n'), breaks)
      assert.equal(found.breaks.length, breaks === undefined ? 0 : 1)
      if (review !== undefined) assert.match(found.review.join('\n'), review)
    })
})

test('the last release is the highest number, not the last name', () => {
  assert.equal(lastRelease(['v0.9.0', 'v0.10.1', 'v0.10.0', 'README.md', 'v1.0.0-rc1']), 'v0.10.1')
  assert.equal(lastRelease([]), undefined)
})

test('crds breaks nothing that was released', () => {
  assert.deepEqual(changesSinceRelease()?.breaks ?? [], [])
})
