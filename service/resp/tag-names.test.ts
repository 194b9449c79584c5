import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { inputBytes } from './input-bytes.ts'
import { TagName, TagNames } from './tag-names.ts'

/** Found in the middle of other bytes, `before` of them ahead of it. */
function find(names: TagNames, text: string, before = 0): TagName {
  const input = inputBytes(before + text.length + 1)
  input.bytes.fill(0xff)
  input.bytes.write(text, before, 'latin1')
  return names.find(input, before, text.length)
}

test('a name is the same object wherever its bytes stand, and another one for other bytes', () => {
  const names = new TagNames(1)
  const texts = ['a', 'b', 'ab', 'abc', 'abcd', 'abcde', 'abcdE', 'w/g/t', 'w/g/tt', `w/${'x'.repeat(188)}`]
  const found = texts.map((text) => find(names, text))
  assert.deepEqual(
    found.map(({ path }) => path),
    texts,
  )
  for (const before of [1, 2, 3, 17])
    for (const [i, text] of texts.entries()) assert.equal(find(names, text, before), found[i])
})

test('a name that begins with another one, or is the beginning of one, is not that one', () => {
  const input = inputBytes(16)
  input.bytes.write('abcdefghijklmnop', 'latin1')
  for (let own = 1; own <= 12; own += 1)
    for (let other = 1; other <= 12; other += 1)
      assert.equal(new TagName(input, 0, own).is(input.view, 0, other), own === other, `${own} and ${other}`)
})

test('it tells names apart as a map of strings does, whatever they are', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.array(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 13 })),
      (seed, texts) => {
        const names = new TagNames(seed)
        const map = new Map<string, TagName>()
        for (const text of texts) {
          const found = find(names, text)
          assert.equal(found.path, text)
          assert.equal(found, map.get(text) ?? found)
          map.set(text, found)
        }
        assert.equal(new Set(map.values()).size, map.size)
      },
    ),
  )
})

test('names without end take no memory without end, and those of one burst keep their objects', () => {
  const names = new TagNames(1)
  const first = find(names, 'first')
  for (let round = 0; round < 20; round += 1) {
    names.makeRoom(1000)
    const here = find(names, 'here')
    for (let i = 0; i < 990; i += 1) find(names, `${round}/${i}`)
    assert.equal(find(names, 'here'), here)
  }
  assert.notEqual(find(names, 'first'), first, 'it began anew when it was full')
})

test('names made up to share one place cost no more than others, and are told apart', () => {
  const length = 8 * 12
  const { bytes } = inputBytes(length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const read = view.getInt32.bind(view)
  let reads = 0
  view.getInt32 = (at, littleEndian) => {
    reads += 1
    return read(at, littleEndian)
  }
  const names = new TagNames(12_345)
  const made = (number: number): TagName => {
    bytes.fill('a')
    // What the one bit does to the hash the other two undo, whatever the seed.
    for (let pair = 0; pair < 12; pair += 1)
      if ((number >> pair) & 1) {
        view.setUint32(8 * pair, view.getUint32(8 * pair, true) ^ 0x8000_0000, true)
        view.setUint32(8 * pair + 4, view.getUint32(8 * pair + 4, true) ^ 0x8001_0000, true)
      }
    return names.find({ bytes, view }, 0, length)
  }
  const found = new Set(Array.from({ length: 4096 }, (_, number) => made(number)))
  assert.equal(found.size, 4096)
  for (let number = 0; number < 4096; number += 97) assert.ok(found.has(made(number)), 'it kept its object')
  reads = 0
  assert.ok(found.has(made(4095)))
  assert.ok(reads < 2000, `${reads} words were read for one name`)
})
