import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { KEY_TEXT_MAX } from '../app/authenticator.ts'
import { KEYS } from '../config/keys.ts'
import { IDLE_MS, isOwnForm, LONGEST_MS, Sessions } from './session.ts'

const KEY = new Uint8Array(32).fill(7)

function cookieOf(setCookie: string | undefined): string {
  return (setCookie ?? '').split(';')[0] ?? ''
}

test('a session is read by every process that has the key, and by no other', () => {
  const clock = new MemoryClock()
  const here = new Sessions(KEY, clock)
  const session = here.begin('idg_x')
  const cookie = cookieOf(here.cookie(session, false))
  assert.deepEqual(new Sessions(KEY, clock).read(`a=b; ${cookie}; c=d`), session)
  assert.equal(new Sessions(new Uint8Array(32).fill(8), clock).read(cookie), undefined)
  assert.ok(!cookie.includes('idg_x'))
})

test('whoever has the longest admin key can sign in with it', () => {
  const sessions = new Sessions(KEY, new MemoryClock())
  for (const letter of ['k', '号']) {
    const keyText = letter.repeat(KEYS['auth.adminKey'].maxLength)
    assert.ok(keyText.length <= KEY_TEXT_MAX)
    const cookie = cookieOf(sessions.cookie(sessions.begin(keyText), true))
    assert.ok(cookie.length < 4000, `${cookie.length}: a browser would not keep it`)
    assert.equal(sessions.read(cookie)?.keyText, keyText)
  }
})

test('a cookie that was changed anywhere is no session', () => {
  const sessions = new Sessions(KEY, new MemoryClock())
  const cookie = cookieOf(sessions.cookie(sessions.begin('idg_x'), false))
  for (let at = 'idgen_session='.length; at < cookie.length - 1; at += 1) {
    const changed = `${cookie.slice(0, at)}${cookie[at] === 'A' ? 'B' : 'A'}${cookie.slice(at + 1)}`
    assert.equal(sessions.read(changed), undefined, `character ${at}`)
  }
  for (const bad of ['', 'idgen_session=', 'idgen_session=x', `idgen_session=${'A'.repeat(5000)}`])
    assert.equal(sessions.read(bad), undefined)
})

test('a session ends when it was not used, and after a working day in any case', () => {
  const clock = new MemoryClock()
  const sessions = new Sessions(KEY, clock)
  const session = sessions.begin('idg_x')
  let cookie = cookieOf(sessions.cookie(session, false))
  assert.equal(sessions.prolong(session, false), undefined)
  const end = clock.nowMs() + LONGEST_MS
  while (clock.nowMs() + IDLE_MS <= end) {
    clock.advance(IDLE_MS)
    const now = sessions.read(cookie)
    assert.ok(now !== undefined)
    cookie = cookieOf(sessions.prolong(now, false))
  }
  clock.advance(1)
  assert.equal(sessions.read(cookie), undefined)
  const other = cookieOf(sessions.cookie(sessions.begin('idg_x'), false))
  clock.advance(IDLE_MS + 1)
  assert.equal(sessions.read(other), undefined)
})

test('the cookie is for no script, no other site, and where encrypted for nothing else', () => {
  const sessions = new Sessions(KEY, new MemoryClock())
  const session = sessions.begin('idg_x')
  assert.match(sessions.cookie(session, false), /; Path=\/ui; HttpOnly; SameSite=Strict$/)
  assert.match(sessions.cookie(session, true), /; HttpOnly; SameSite=Strict; Secure$/)
  assert.match(sessions.ending(false), /^idgen_session=; Max-Age=0; /)
})

test('a form is our own only with the token of its session', () => {
  const sessions = new Sessions(KEY, new MemoryClock())
  const session = sessions.begin('idg_x')
  assert.equal(isOwnForm(session, session.csrf), true)
  for (const token of [null, '', 'x', `${session.csrf}x`, sessions.begin('idg_x').csrf])
    assert.equal(isOwnForm(session, token), false)
})
