import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReplyBuffer } from './reply-buffer.ts'

test('what a socket keeps of an answer does not change with later ones of the same length', () => {
  const out = new ReplyBuffer()
  out.text(':1\r\n')
  const kept = out.taken()
  out.abandon()
  out.text(':2\r\n')
  assert.equal(out.taken().toString(), ':2\r\n')
  assert.equal(kept.toString(), ':1\r\n')
})

test('an answer of a length that was there before shows what is written now, also after the buffer grew', () => {
  const out = new ReplyBuffer()
  for (const text of [':1\r\n', ':2\r\n']) {
    out.text(text)
    assert.equal(out.taken().toString(), text)
  }
  out.text('x'.repeat(200_000))
  assert.equal(out.taken().length, 200_000)
  out.text(':3\r\n')
  assert.equal(out.taken().toString(), ':3\r\n')
  assert.equal(out.length, 0)
})
