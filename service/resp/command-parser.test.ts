import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RESP_LIMITS } from '../../test/fixtures/resp-desk.ts'
import { BROKEN, CommandParser, INCOMPLETE } from './command-parser.ts'
import { maxCommandBytes } from './resp-limits.ts'

function parsed(text: string): { at: number; words: string[]; fault: string } {
  const parser = new CommandParser(RESP_LIMITS)
  const bytes = Buffer.from(text)
  const at = parser.parse(bytes, 0, bytes.length)
  const words = Array.from({ length: parser.argumentCount }, (_, i) =>
    bytes.toString('utf8', parser.start(i), parser.start(i) + parser.length(i)),
  )
  return { at, words, fault: parser.fault }
}

describe('commands as arrays', () => {
  for (const [text, words] of [
    ['*1\r\n$4\r\nPING\r\n', ['PING']],
    ['*2\r\n$4\r\nINCR\r\n$5\r\nw/g/t\r\n', ['INCR', 'w/g/t']],
    ['*2\r\n$4\r\nECHO\r\n$0\r\n\r\n', ['ECHO', '']],
    ['*2\r\n$4\r\nECHO\r\n$4\r\na\r\nb\r\n', ['ECHO', 'a\r\nb']],
    ['*2\r\n$04\r\nECHO\r\n$1\r\nx\r\n', ['ECHO', 'x']],
    // Redis takes these for nothing at all, and so do we.
    ['*0\r\n', []],
    ['*-1\r\n', []],
  ] as const)
    test(`${JSON.stringify(text)} is read whole, and every beginning of it is incomplete`, () => {
      assert.deepEqual(parsed(text), { at: text.length, words, fault: '' })
      for (let length = 0; length < text.length; length += 1)
        assert.equal(parsed(text.slice(0, length)).at, INCOMPLETE, `after ${length} bytes`)
    })

  for (const [text, fault] of [
    ['*x\r\n', 'invalid multibulk length'],
    ['*9\r\n', 'invalid multibulk length'],
    ['*1000000000000\r\n', 'invalid multibulk length'],
    ['*1\n$4\nPING\n', 'invalid multibulk length'],
    ['*1\r\n+4\r\n', "expected '$', got '+'"],
    ['*1\r\n\r\n', "expected '$', got '?'"],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$257\r\n', 'invalid bulk length'],
    ['*1\r\n$x\r\n', 'invalid bulk length'],
    ['*1\r\n$\r\n', 'invalid bulk length'],
    ['*1\r\n$4\r\nPINGxx', 'a string does not end where it should'],
  ] as const)
    test(`${JSON.stringify(text)} is refused: ${fault}`, () => {
      assert.deepEqual(parsed(text), { at: BROKEN, words: [], fault })
    })

  test('a length is refused as soon as it is known, not once that much was sent', () => {
    assert.equal(parsed(`*2\r\n$4\r\nECHO\r\n$99999\r\n`).fault, 'invalid bulk length')
  })
})

describe('commands as lines', () => {
  for (const [text, words] of [
    ['PING\r\n', ['PING']],
    ['PING\n', ['PING']],
    ['  INCR \t w/g/t  \r\n', ['INCR', 'w/g/t']],
    ['\r\n', []],
  ] as const)
    test(`${JSON.stringify(text)} is read as words`, () => {
      assert.deepEqual(parsed(text), { at: text.length, words, fault: '' })
      for (let length = 0; length < text.length; length += 1)
        assert.equal(parsed(text.slice(0, length)).at, INCOMPLETE, `after ${length} bytes`)
    })

  test('a line with too many or too long words is refused', () => {
    assert.equal(parsed(`${'a '.repeat(9)}\r\n`).fault, 'too big inline request')
    assert.equal(parsed(`${'a'.repeat(257)}\r\n`).fault, 'too big inline request')
  })

  test('a line that never ends is refused before it is kept', () => {
    assert.equal(parsed(' '.repeat(maxCommandBytes(RESP_LIMITS))).at, INCOMPLETE)
    assert.equal(parsed(' '.repeat(maxCommandBytes(RESP_LIMITS) + 1)).fault, 'too big inline request')
  })
})

test('the largest command within the limits has room in what is kept of an incomplete one', () => {
  const word = 'x'.repeat(RESP_LIMITS.maxArgumentBytes)
  const text = `*${RESP_LIMITS.maxArguments}\r\n${`$${word.length}\r\n${word}\r\n`.repeat(RESP_LIMITS.maxArguments)}`
  assert.ok(text.length <= maxCommandBytes(RESP_LIMITS))
  assert.equal(parsed(text).words.length, RESP_LIMITS.maxArguments)
})

test('it begins where it is told, and reads nothing at or after the end', () => {
  const parser = new CommandParser(RESP_LIMITS)
  const bytes = Buffer.from('PING\r\n*1\r\n$4\r\nQUIT\r\nrest')
  assert.equal(parser.parse(bytes, 6, bytes.length), 20)
  assert.deepEqual([parser.argumentCount, parser.start(0), parser.length(0)], [1, 14, 4])
  assert.equal(parser.parse(bytes, 6, 19), INCOMPLETE)
})
