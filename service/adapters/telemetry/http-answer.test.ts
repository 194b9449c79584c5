import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readHttpAnswer } from './http-answer.ts'

const read = (text: string, ended = false) => readHttpAnswer(Buffer.from(text, 'latin1'), ended)

const WHOLE = [
  ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'],
  ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\n{\r\n01\r\n}\r\n0\r\n\r\n'],
  [
    'in chunks with headers behind',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\na: b\r\n\r\n',
  ],
  ['after 100 Continue', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'],
] as const

describe('an answer', () => {
  for (const [how, text] of WHOLE)
    test(`${how} is read once it is whole, and leaves the connection open`, () => {
      for (let length = 0; length < text.length; length += 1)
        assert.equal(read(text.slice(0, length)), undefined)
      const answer = read(text)
      assert.deepEqual([answer?.status, answer?.text, answer?.keep], [200, '{}', true])
    })

  test('that ends with its connection is read then', () => {
    const text = 'HTTP/1.1 503 Service Unavailable\r\nretry-after: 7\r\n\r\nlater'
    assert.equal(read(text), undefined)
    const answer = read(text, true)
    assert.deepEqual([answer?.status, answer?.text, answer?.keep], [503, 'later', false])
    assert.equal(answer?.headers.get('retry-after'), '7')
  })

  test('without a body needs no length', () => {
    assert.deepEqual(read('HTTP/1.1 204 No Content\r\n\r\n')?.keep, true)
  })

  test('of which more came than it says, or that wants to close, ends the connection', () => {
    assert.equal(read('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}x')?.keep, false)
    assert.equal(read('HTTP/1.1 200 OK\r\nConnection: Close\r\ncontent-length: 0\r\n\r\n')?.keep, false)
    assert.equal(read('HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n')?.keep, false)
  })

  test('that is very long is not waited for', () => {
    const answer = read(`HTTP/1.1 500 Oh\r\ncontent-length: 999999999\r\n\r\n${'x'.repeat(70_000)}`)
    assert.deepEqual([answer?.status, answer?.text.length, answer?.keep], [500, 65_536, false])
  })

  for (const text of [
    'SSH-2.0-x\r\n\r\n',
    `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(20_000)}`,
    'HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
  ])
    test(`that is no HTTP is refused: ${JSON.stringify(text.slice(0, 60))}`, () => {
      assert.throws(() => read(text))
    })

  test('that ends in the middle is refused', () => {
    for (const text of ['', 'HTTP/1.1 20', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{'])
      assert.throws(() => read(text, true))
  })
})
