import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemberSilence } from './member-silence.ts'

test('a connection is made anew after three seconds of calls without an answer', () => {
  const silence = new MemberSilence()
  assert.equal(silence.missed(1000, 2000), false)
  assert.equal(silence.missed(2500, 3999), false)
  assert.equal(silence.missed(3500, 4000), true, 'counted from where the first of them began')
})

test('one call that waited for three seconds is enough', () => {
  assert.equal(new MemberSilence().missed(0, 3000), true)
})

test('an answer in between begins the count again', () => {
  const silence = new MemberSilence()
  silence.missed(0, 2000)
  silence.answered()
  assert.equal(silence.missed(2500, 3500), false)
  assert.equal(silence.missed(4000, 5500), true)
})

test('a connection is made anew at most once in three seconds', () => {
  const silence = new MemberSilence()
  assert.equal(silence.missed(0, 3000), true)
  assert.equal(silence.missed(3000, 5999), false)
  assert.equal(silence.missed(5000, 6000), true)
})

test('calls without an answer long ago do not make a new outage longer than it is', () => {
  const silence = new MemberSilence()
  silence.missed(0, 3000)
  silence.answered()
  assert.equal(silence.missed(60_000, 60_200), false)
})
