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
  assert.equal(tagIdOf('0'.repeat(32)), 1)
  assert.equal(tagIdOf('f'.repeat(32)), 2 ** 52)
  assert.equal(tagIdOf(`0000000000010${'f'.repeat(19)}`), 17)
})
