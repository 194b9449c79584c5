import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { IdBatch } from '../core/id-batch.ts'
import { encodeBatchResponse } from '../grpc/encode-issued.ts'
import type { AnswerSink } from './answer-sink.ts'
import { readNumbersAnswer } from './grpc-numbers.ts'

/** What was read of a message, as text. */
function read(message: Uint8Array): string[] | undefined {
  const told: string[] = []
  const sink: AnswerSink = {
    numbers: (upper, lower, count) => {
      for (let i = 0; i < count; i += 1) told.push(`${BigInt(upper) * 10n ** 9n + BigInt(lower)}`)
    },
    uuid: (...words) => told.push(words.map((word) => word.toString(16).padStart(8, '0')).join('')),
    text: () => assert.fail('no text comes as a number'),
    answered: () => assert.fail('the end of an answer is told by who asked'),
    refused: () => assert.fail('an answer that cannot be read is told by who asked'),
  }
  return readNumbersAnswer(Buffer.from(message), sink) ? told : undefined
}

describe('answers as numbers of eight bytes', () => {
  for (const first of [0n, 999_999_999n, 2n ** 32n - 1n, 2n ** 53n - 2n, 2n ** 53n + 1n, 2n ** 63n - 4n])
    test(`what the service writes from ${first} on is read`, () => {
      const batch = new IdBatch()
      batch.pushRun(Number(first >> 32n), Number(first & 0xffff_ffffn), 3)
      const read3 = read(encodeBatchResponse({ batch, format: 'numbers' }))
      assert.deepEqual(read3, [`${first}`, `${first + 1n}`, `${first + 2n}`])
    })

  test('a thousand numbers have a length of two bytes, and degraded says nothing about IDs', () => {
    const batch = new IdBatch()
    batch.pushRun(7, 0, 1000)
    batch.degraded = true
    assert.equal(read(encodeBatchResponse({ batch, format: 'numbers' }))?.length, 1000)
  })

  test('UUIDs come packed', () => {
    const batch = new IdBatch()
    batch.reserveUuids(2).fill(0xab)
    assert.deepEqual(read(encodeBatchResponse({ batch, format: 'numbers' })), Array(2).fill('ab'.repeat(16)))
  })

  test('an answer without an ID, cut off or in another form is none', () => {
    const batch = new IdBatch()
    batch.pushRun(7, 0, 3)
    const whole = encodeBatchResponse({ batch, format: 'numbers' }).slice()
    assert.equal(read(new Uint8Array()), undefined)
    assert.equal(read(whole.subarray(0, 20)), undefined)
    assert.equal(read(whole.subarray(0, 1)), undefined)
    assert.equal(read(encodeBatchResponse({ batch, format: 'text' })), undefined)
    assert.equal(read(encodeBatchResponse({ batch, format: 'runs' })), undefined)
    assert.equal(read(new Uint8Array([32, 1])), undefined)
  })
})
