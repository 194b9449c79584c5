import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  namedBits,
  objectIdentifier,
  octetString,
  sequence,
  set,
  smallInteger,
  time,
  utf8String,
} from './der.ts'

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

describe('DER', () => {
  test('each kind of value has its tag, its length and its bytes', () => {
    const table: readonly [string, Uint8Array, string][] = [
      ['an empty sequence', sequence(), '3000'],
      ['a sequence of two', sequence(boolean(true), smallInteger(5)), '30060101ff020105'],
      ['a set', set(boolean(false)), '3103010100'],
      ['a positive integer', integer(Buffer.of(0x12, 0x34)), '02021234'],
      ['an integer that would be negative', integer(Buffer.of(0x80, 0x01)), '0203008001'],
      ['an integer with zeros in front', integer(Buffer.of(0, 0, 0x7f)), '02017f'],
      ['whole bytes as bits', bitString(Buffer.of(0xab)), '030200ab'],
      ['the first bit', namedBits(0), '03020780'],
      ['the sixth and the seventh bit', namedBits(5, 6), '03020106'],
      ['bytes', octetString(Buffer.of(1, 2)), '04020102'],
      ['text', utf8String('ü'), '0c02c3bc'],
      ['ECDSA with SHA-256', objectIdentifier('1.2.840.10045.4.3.2'), '06082a8648ce3d040302'],
      ['a common name', objectIdentifier('2.5.4.3'), '0603550403'],
      ['something that begins with [3]', explicit(3, sequence()), 'a3023000'],
      ['bytes in place of [2]', implicit(2, Buffer.from('a')), '820161'],
    ]
    for (const [what, bytes, expected] of table) assert.equal(hex(bytes), expected, what)
  })

  test('a length takes as many bytes as it needs', () => {
    assert.equal(hex(octetString(Buffer.alloc(127))).slice(0, 4), '047f')
    assert.equal(hex(octetString(Buffer.alloc(128))).slice(0, 6), '048180')
    assert.equal(hex(octetString(Buffer.alloc(255))).slice(0, 6), '0481ff')
    assert.equal(hex(octetString(Buffer.alloc(256))).slice(0, 8), '04820100')
    assert.throws(() => octetString(Buffer.alloc(65_536)), /65536 bytes/)
  })

  test('the form of a time changes in 2050', () => {
    assert.equal(time(Date.UTC(2026, 10, 26, 9, 8, 7, 654)).toString('latin1'), '\x17\r261126090807Z')
    assert.equal(time(Date.UTC(2049, 11, 31, 23, 59, 59)).toString('latin1'), '\x17\r491231235959Z')
    assert.equal(time(Date.UTC(2050, 0, 1)).toString('latin1'), '\x18\x0f20500101000000Z')
  })

  test('numbers that have no place are refused', () => {
    assert.throws(() => smallInteger(128), RangeError)
    assert.throws(() => integer(Buffer.of(0, 0)), RangeError)
  })
})
