import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdgenError } from '../core/errors.ts'
import { readImportCsv } from './import-csv.ts'

function rowsOf(text: string): string[] {
  return readImportCsv(text, 'shop/orders').rows.map(({ path, max }) => `${path}=${max}`)
}
function faultsOf(text: string): string[] {
  try {
    readImportCsv(text, 'a/b')
  } catch (thrown) {
    const error = IdgenError.from(thrown)
    assert.equal(error.code, 'IDGEN_REQUEST_INVALID')
    return [error.message, ...error.faults.map(({ path, message }) => `${path} ${message}`)]
  }
  return assert.fail('faults were expected')
}

test('lines of name and maximum are read, whatever program wrote them', () => {
  const expected = ['shop/orders/a=10', 'shop/orders/b=20']
  for (const text of [
    'a,10\nb,20',
    'a,10\nb,20\n',
    '\uFEFFa,10\r\nb,20\r\n\r\n',
    'a,10\rb,20\r',
    '"a","10"\n"b",20',
    ' a , 10 \n\n  \n b,20',
    'biz_tag,max_id\na,10\nb,20',
    '"biz tag","last value"\na,10\nb,20',
  ])
    assert.deepEqual(rowsOf(text), expected, JSON.stringify(text))
})

test('quotes hold commas and quotes', () => {
  assert.deepEqual(readImportCsv('"a,b ""c""",7', 'w/g').rows, [{ path: 'w/g/a,b "c"', max: '7' }])
})

test('a heading is told, so that a first line is never left out unseen', () => {
  assert.equal(readImportCsv('name,max\na,1', 'w/g').heading, 'name,max')
  assert.equal(readImportCsv('a,1', 'w/g').heading, undefined)
  for (const first of ['a,-5', 'a,', 'a,NULL', 'a,1e9', 'a,0x10', 'a,12abc', 'a,1 000'])
    assert.equal(rowsOf(`${first}\nb,2`).length, 2, first)
})

test('every line that is not name,max is told with its number', () => {
  assert.deepEqual(faultsOf('a,1\n\nb\nc,3,4\n"d,5\ne"f,6'), [
    '4 lines cannot be read; nothing was made.',
    'line 3 is not name,max: b',
    'line 4 is not name,max: c,3,4',
    'line 5 is not name,max: "d,5',
    'line 6 is not name,max: e"f,6',
  ])
  assert.match(faultsOf('a;1')[1] ?? '', /line 1 is not name,max/)
})

test('nothing in the file is no row', () => {
  for (const text of ['', '\n\n', '\uFEFF', 'name,max\n']) assert.deepEqual(rowsOf(text), [])
})

test('a file that is far too long, or one long mistake, is told shortly', () => {
  assert.match(faultsOf('a,1\n'.repeat(100_001))[0] ?? '', /100001 lines; import at most 100000/)
  const faults = faultsOf(`${'x'.repeat(10_000)}\n`.repeat(500))
  assert.deepEqual([faults.length, (faults[1] ?? '').length < 120], [101, true])
})
