import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildSerializers, buildValidators } from './compiled-schemas.ts'

const ITEM = { $id: 'Item', type: 'object', properties: { name: { type: 'string' } } }
const LIST = {
  $id: 'List',
  type: 'object',
  properties: { items: { type: 'array', items: { $ref: 'Item#' } } },
}

function serializer(schema: object, shared: Record<string, object> = {}) {
  return buildSerializers(shared, {})({ method: 'GET', url: '/', httpStatus: '200', schema })
}

test('the same answer of another route or server is compiled once', () => {
  const ofOne = serializer({ $ref: 'List#' }, { Item: ITEM, List: LIST })
  const ofAnother = serializer(
    { $ref: 'List#' },
    { Item: { ...ITEM }, List: { ...LIST }, Other: { $id: 'Other' } },
  )
  assert.equal(ofAnother, ofOne)
})

test('a shared schema that another one names is written as it says', () => {
  const write = serializer({ $ref: 'List#' }, { Item: ITEM, List: LIST })
  assert.equal(write({ items: [{ name: 'a', secret: 'b' }] }), '{"items":[{"name":"a"}]}')
})

test('schemas of one name that differ are not taken for each other', () => {
  const schema = { $ref: 'Item#' }
  const byName = serializer(schema, { Item: ITEM })
  const byAge = serializer(schema, {
    Item: { $id: 'Item', type: 'object', properties: { age: { type: 'integer' } } },
  })
  assert.equal(byName({ name: 'a', age: 1 }), '{"name":"a"}')
  assert.equal(byAge({ name: 'a', age: 1 }), '{"age":1}')
})

test('a shared schema that does not exist is a fault at the start, not in an answer', () => {
  assert.throws(() => serializer({ $ref: 'Nothing#' }, { Item: ITEM }), /Nothing/)
})

function validator(schema: object, shared: Record<string, object> = {}) {
  return buildValidators(shared, { customOptions: { coerceTypes: false, allErrors: true } })({ schema })
}

test('the same request of another route or server is compiled once', () => {
  const ofOne = validator({ $ref: 'List#' }, { Item: ITEM, List: LIST })
  const ofAnother = validator({ $ref: 'List#' }, { Item: { ...ITEM }, List: { ...LIST } })
  assert.equal(ofAnother, ofOne)
})

test('requests of one name that differ are not taken for each other', () => {
  const small = validator({ $ref: 'Size#' }, { Size: { $id: 'Size', type: 'integer', maximum: 5 } })
  const large = validator({ $ref: 'Size#' }, { Size: { $id: 'Size', type: 'integer', maximum: 50 } })
  assert.deepEqual([small(9), large(9)], [false, true])
})

test('a validator looks at what the shared schemas that it names say', () => {
  const check = validator({ $ref: 'List#' }, { Item: ITEM, List: LIST })
  assert.deepEqual([check({ items: [{ name: 'a' }] }), check({ items: [{ name: 1 }] })], [true, false])
})

test('a shared schema that does not exist is a fault at the start, not in a request', () => {
  assert.throws(() => validator({ $ref: 'Nothing#' }, { Item: ITEM }), /Nothing/)
})
