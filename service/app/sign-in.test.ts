import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { type ErrorCode, IdgenError } from '../core/errors.ts'
import type { Caller } from './authenticator.ts'
import { RateLimits } from './rate-limits.ts'
import { SignIn } from './sign-in.ts'

const MALLORY = '192.0.2.66'
const ALICE = '192.0.2.1'
const WRONG_FOR_MS = 10_000

let clock: MemoryClock
let signIn: SignIn
/** Keys that were looked up, in order. */
let looked: string[]
/** Of keys that are valid. */
let callers: Map<string, Caller>
let cached: Set<string>
/** Who was told to come again, once a key. */
let throttled: string[]
let answer: (keyText: string) => Promise<Caller>

function callerOf(keyText: string): Caller {
  const caller = callers.get(keyText)
  if (caller === undefined) throw new IdgenError('IDGEN_UNAUTHENTICATED', 'wrong')
  return caller
}

function refuses(code: ErrorCode) {
  return (thrown: unknown): boolean => thrown instanceof IdgenError && thrown.code === code
}

async function tries(count: number, client: string, name = 'wrong'): Promise<(ErrorCode | 'in')[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      try {
        await signIn.authenticate(`${name} ${i}`, client)
        return 'in'
      } catch (thrown) {
        return IdgenError.from(thrown).code
      }
    }),
  )
}

describe('signing in', () => {
  beforeEach(() => {
    clock = new MemoryClock()
    looked = []
    callers = new Map([['good', { keyId: 'alice', scopes: ['issue'], within: '' }]])
    cached = new Set()
    throttled = []
    answer = async (keyText) => callerOf(keyText)
    const off = { perAddress: 0, perKey: 0, perTag: 0, burst: 1000 }
    signIn = new SignIn({
      clock,
      rates: new RateLimits(clock, { ...off, wrongKeys: 5 }),
      wrongForMs: WRONG_FOR_MS,
      onThrottled: (client) => throttled.push(client),
      keys: {
        peek: (keyText = '') => (cached.has(keyText) ? callers.get(keyText) : undefined),
        authenticate: (keyText = '') => {
          looked.push(keyText)
          return answer(keyText)
        },
      },
    })
  })

  test('so many different wrong keys of one address are looked up in a minute, also where they come at once', async () => {
    const outcomes = await tries(50, MALLORY)
    assert.equal(outcomes.filter((code) => code === 'IDGEN_UNAUTHENTICATED').length, 5)
    assert.equal(outcomes.filter((code) => code === 'IDGEN_RATE_LIMITED').length, 45)
    assert.equal(looked.length, 5)
    clock.advance(12_000)
    assert.equal(
      (await tries(3, MALLORY, 'more')).filter((code) => code === 'IDGEN_UNAUTHENTICATED').length,
      1,
    )
  })

  test('the refusal says when another key is looked at', async () => {
    await tries(5, MALLORY)
    await assert.rejects(signIn.authenticate('another', MALLORY), (thrown) => {
      assert.ok(thrown instanceof IdgenError)
      assert.match(thrown.message, /5 wrong API keys a minute.*limits\.wrongKeys/)
      assert.equal(thrown.retryAfterMs, 12_000)
      assert.deepEqual(thrown.quota, { name: 'wrong-key', requests: 5, windowS: 60 })
      return true
    })
  })

  test('a good key goes in from other addresses, and where it is known from that one too', async () => {
    await tries(20, MALLORY)
    await assert.rejects(signIn.authenticate('good', MALLORY), refuses('IDGEN_RATE_LIMITED'))
    cached.add('good')
    assert.equal((await signIn.authenticate('good', MALLORY)).keyId, 'alice')
    cached.clear()
    assert.equal((await signIn.authenticate('good', ALICE)).keyId, 'alice')
    assert.equal((await signIn.authenticate('good', MALLORY)).keyId, 'alice')
  })

  test('a good key that the authenticator had to forget is looked up again, whatever else comes from there', async () => {
    await signIn.authenticate('good', MALLORY)
    await tries(20, MALLORY)
    assert.equal((await signIn.authenticate('good', MALLORY)).keyId, 'alice')
    callers.delete('good')
    await assert.rejects(signIn.authenticate('good', MALLORY), refuses('IDGEN_UNAUTHENTICATED'))
  })

  test('good keys take no try, however many', async () => {
    for (let i = 0; i < 50; i += 1) callers.set(`good ${i}`, { keyId: `${i}`, scopes: ['issue'], within: '' })
    for (let i = 0; i < 50; i += 1) await signIn.authenticate(`good ${i}`, ALICE)
    assert.equal(looked.length, 50)
  })

  test('a burst of one new key takes one try', async () => {
    const all = Array.from({ length: 100 }, () => signIn.authenticate('good', ALICE))
    assert.equal((await Promise.all(all)).length, 100)
    assert.equal(looked.length, 1)
  })

  test('a program with an old key is told that it is wrong each time, and takes no tries from its neighbours', async () => {
    for (let i = 0; i < 50; i += 1)
      await assert.rejects(signIn.authenticate('old', ALICE), refuses('IDGEN_UNAUTHENTICATED'))
    assert.equal((await signIn.authenticate('good', ALICE)).keyId, 'alice')
    // Once it is forgotten it counts again.
    clock.advance(WRONG_FOR_MS)
    await tries(5, ALICE)
    await assert.rejects(signIn.authenticate('old', ALICE), refuses('IDGEN_RATE_LIMITED'))
  })

  test('a database that is away makes no key a wrong one', async () => {
    answer = async () => {
      throw new IdgenError('IDGEN_STORE_UNAVAILABLE', 'away')
    }
    assert.deepEqual(new Set(await tries(5, ALICE)), new Set(['IDGEN_STORE_UNAVAILABLE']))
    answer = async (keyText) => callerOf(keyText)
    assert.equal((await signIn.authenticate('good', ALICE)).keyId, 'alice')
  })

  test('no key at all is no try', async () => {
    for (let i = 0; i < 20; i += 1)
      await assert.rejects(signIn.authenticate(undefined, ALICE), refuses('IDGEN_UNAUTHENTICATED'))
    assert.equal((await signIn.authenticate('good', ALICE)).keyId, 'alice')
  })

  test('what waits is let go when it has its answer', async () => {
    let release = (): void => undefined
    answer = (keyText) => new Promise((resolve) => (release = () => resolve(callerOf(keyText))))
    const first = signIn.authenticate('good', ALICE)
    await settle()
    release()
    await first
    answer = async () => ({ keyId: 'second', scopes: [], within: '' })
    assert.equal((await signIn.authenticate('good', ALICE)).keyId, 'second')
  })

  test('a key that nobody looks at is told of, and no other', async () => {
    await tries(5, MALLORY)
    assert.deepEqual(throttled, [])
    await tries(3, MALLORY, 'another')
    assert.deepEqual(throttled, [MALLORY, MALLORY, MALLORY])
    await tries(1, ALICE)
    assert.equal(throttled.length, 3)
  })
})
