// Runs alone: it tells tens of nanoseconds apart.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { validUntilMs } from '../../service/app/key-validity.ts'
import { isOwnForm } from '../../service/ui/session.ts'
import { PLAIN_KEY } from '../fixtures/plain-key.ts'
import { type TimedSubject, timedT } from '../fixtures/timed-classes.ts'
import { Prng } from '../simulation/world/prng.ts'

/**
 * How long a wrong secret takes to refuse must not tell how far it is right. One class of wrong secrets differs in the
 * first byte, the other in the last. A comparison that stops at the first difference shows the test that it can fail.
 *
 * It sees a comparison byte by byte. memcmp (`Buffer.equals`, `Buffer.compare`) goes by whole words, and 32 bytes of it are
 * below what can be told here: that none stands in the place of timingSafeEqual is held by test/safe-source.test.ts.
 *
 * Chance: without a difference t scatters around 0 (on a machine with twenty programs for two processors 180 batches had a
 * standard deviation of 1.2, and 3.6 at most), with one it is in the hundreds. A leak is believed when three batches in
 * a row are beyond LIMIT in the same direction.
 */

/** Says which class comes when; the times themselves have no seed. */
const SEED = 1
/** dudect takes 4.5 for a sign and 10 for sure. */
const LIMIT = 10
const BATCHES = 3
/** For a mutant, which is to be seen in one of them: a machine that has no quiet tenth of a second in ten is no machine. */
const MUTANT_BATCHES = 10

/** A secret that is wrong in one byte, in bytes that stay where they are. */
class WrongSecret {
  readonly bytes: Buffer
  readonly #right: Uint8Array
  /** What is put over the first byte or the last: another character where it is text. */
  readonly #flip: number

  constructor(right: Uint8Array, flip: number) {
    this.#right = right
    this.bytes = Buffer.from(right)
    this.#flip = flip
  }

  prepare(isSecond: boolean): void {
    this.bytes.set(this.#right)
    const at = isSecond ? this.bytes.length - 1 : 0
    this.bytes[at] = (this.bytes[at] ?? 0) ^ this.#flip
  }
}

function comparing(same: (right: Uint8Array, given: Uint8Array) => boolean): TimedSubject {
  const right = randomBytes(32)
  const given = new WrongSecret(right, 0xff)
  return { prepare: (isSecond) => given.prepare(isSecond), run: () => same(right, given.bytes) }
}

/** As the authenticator asks, for a digest of 32 bytes; the key has a secret from before as well. */
function checkingKey(whose: 'hash' | 'previous'): TimedSubject {
  const previous = { hash: randomBytes(32), until: new Date(5000) }
  const key = { ...PLAIN_KEY, hash: randomBytes(32), previous }
  const given = new WrongSecret(whose === 'hash' ? key.hash : previous.hash, 0xff)
  return {
    prepare: (isSecond) => given.prepare(isSecond),
    run: () => validUntilMs(key, given.bytes, 1000) !== undefined,
  }
}

/** As the admin UI asks of a form. */
function checkingForm(): TimedSubject {
  const csrf = randomBytes(32).toString('base64url')
  const given = new WrongSecret(Buffer.from(csrf), 1)
  let token = ''
  return {
    prepare(isSecond) {
      given.prepare(isSecond)
      // A new text each time, so that no class has the one that happens to lie well.
      token = given.bytes.toString('latin1')
    },
    run: () => isOwnForm({ csrf }, token),
  }
}

/** What must never be: it stops at the first difference. */
function sameUntilDifferent(right: Uint8Array, given: Uint8Array): boolean {
  if (right.length !== given.length) return false
  for (let at = 0; at < right.length; at += 1) if (right[at] !== given[at]) return false
  return true
}

describe('how long a wrong secret takes to refuse', () => {
  for (const [what, subject] of [
    ['the secret of a key', checkingKey('hash')],
    ['the secret of a key from before its rotation', checkingKey('previous')],
    ['the token of a form', checkingForm()],
  ] as const)
    test(`does not tell which byte is wrong: ${what}`, (t) => {
      const ts: number[] = []
      // The first batch that sees nothing is enough.
      while (ts.length < BATCHES && ts.every((value) => Math.abs(value) > LIMIT))
        ts.push(timedT(subject, new Prng(SEED + ts.length)))
      t.diagnostic(`t ${ts.map((value) => value.toFixed(1)).join(', ')}`)
      const leaks = ts.every((value) => value > LIMIT) || ts.every((value) => value < -LIMIT)
      assert.ok(!leaks, `t is ${ts.join(', ')}, at most ${LIMIT} is chance`)
    })

  test('would tell it where the comparison stopped at the first difference', (t) => {
    const subject = comparing(sameUntilDifferent)
    let highest = 0
    for (let batch = 0; batch < MUTANT_BATCHES && highest <= LIMIT; batch += 1)
      highest = Math.max(highest, timedT(subject, new Prng(SEED + batch)))
    t.diagnostic(`t ${highest.toFixed(1)}`)
    assert.ok(highest > LIMIT, `t is ${highest} at most: this test could not fail`)
  })
})
