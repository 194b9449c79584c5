import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GENERATION_BYTES, generationFault, generationOf, tagIdOf } from './generation.ts'

test('a generation is made of 16 bytes, all of them', () => {
  const bytes = Uint8Array.from({ length: GENERATION_BYTES }, (_, i) => i * 17)
  assert.equal(generationOf(bytes), '00112233445566778899aabbccddeeff')
  assert.equal(generationFault(generationOf(bytes)), undefined)
})

test('anything but 32 lower-case hex digits is no generation', () => {
  for (const text of [
    '',
    'a'.repeat(31),
    'a'.repeat(33),
    'A'.repeat(32),
    'g'.repeat(32),
    `${'a'.repeat(32)}\n`,
  ])
    assert.match(generationFault(text) ?? '', /32 hex digits/)
})

test('the number of a tag is a safe integer above 0, and follows from the generation alone', () => {
  // Stored in databases: it may never become another one.
  assert.equal(tagIdOf('0123456789abcdef0123456789abcdef'), 3_651_026_694_323_304)
  for (const digit of '0123456789abcdef') {
    const id = tagIdOf(digit.repeat(32))
    assert.ok(Number.isSafeInteger(id) && id >= 1 && id <= 2 ** 52, `${id}`)
  }
})

test('generations that differ in one digit, wherever it is, have different numbers spread over all bits', () => {
  const ids: number[] = []
  for (let at = 0; at < 32; at += 1)
    for (const digit of '123456789abcdef')
      ids.push(tagIdOf(`${'0'.repeat(at)}${digit}${'0'.repeat(31 - at)}`))
  for (let i = 1; i < 20_000; i += 1) ids.push(tagIdOf(`f${i.toString(16).padStart(31, '0')}`))
  assert.equal(new Set(ids).size, ids.length)
  for (let bit = 0; bit < 52; bit += 1) {
    const set = ids.filter((id) => Math.floor((id - 1) / 2 ** bit) % 2 === 1).length / ids.length
    assert.ok(set > 0.47 && set < 0.53, `bit ${bit} is set in ${set}`)
  }
})
