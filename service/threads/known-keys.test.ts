import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { type Caller, KEY_TEXT_MAX } from '../app/authenticator.ts'
import { IdgenError } from '../core/errors.ts'
import { KnownKeys } from './known-keys.ts'

const KEY = 'idg_abc_secret'
const CLIENT = '192.0.2.1'

let clock: MemoryClock
let keys: KnownKeys
let asked: { number: number; keyText: string | undefined }[]
let hits: number

describe('the keys that a thread knows', () => {
  beforeEach(() => {
    clock = new MemoryClock()
    asked = []
    hits = 0
    keys = newKeys()
  })

  test('a new key is asked for once, by however many, and then known until its time is over', async () => {
    const callers = [keys.authenticate(KEY, CLIENT), keys.authenticate(KEY, CLIENT)]
    assert.deepEqual(asked, [{ number: 1, keyText: KEY }])
    answer(1, 'a', 1000)
    assert.deepEqual(
      (await Promise.all(callers)).map(({ keyId }) => keyId),
      ['a', 'a'],
    )
    assert.equal(keys.peek(KEY)?.keyId, 'a')
    clock.advance(1000)
    assert.equal(keys.peek(KEY), undefined)
  })

  test('an answer that is not to be remembered serves those who asked, and nobody after them', async () => {
    const caller = keys.authenticate(KEY, CLIENT)
    keys.receive({ kind: 'caller', number: 1, caller: callerOf('a'), untilMs: 0 })
    assert.equal((await caller).keyId, 'a')
    assert.equal(keys.peek(KEY), undefined)
  })

  test('a key that is forgotten is asked for again, and others stay', async () => {
    await known(KEY, 'a')
    await known('idg_other', 'b')
    keys.forget('a')
    assert.equal(keys.peek(KEY), undefined)
    assert.equal(keys.peek('idg_other')?.keyId, 'b')
    keys.forget(undefined)
    assert.equal(keys.peek('idg_other'), undefined)
  })

  test('a key forgotten right after the answer is not known to those woken by it', async () => {
    const caller = keys.authenticate(KEY, CLIENT)
    answer(1, 'a', 1000)
    keys.forget('a')
    await caller
    assert.equal(keys.peek(KEY), undefined)
  })

  test('a refusal has its code, and is asked for again', async () => {
    const refused = assert.rejects(keys.authenticate(KEY, CLIENT), refuses('IDGEN_UNAUTHENTICATED'))
    keys.receive({
      kind: 'nobody',
      number: 1,
      code: 'IDGEN_UNAUTHENTICATED',
      message: 'm',
      retryAfterMs: undefined,
    })
    await refused
    await known(KEY, 'a')
  })

  test('without an answer of the main thread nobody waits for ever', async () => {
    const refused = assert.rejects(keys.authenticate(KEY, CLIENT), refuses('IDGEN_STORE_UNAVAILABLE'))
    await settle()
    clock.advance(3000)
    await refused
  })

  test('more keys than remembered push out the oldest, more questions than allowed are refused', async () => {
    for (const name of ['a', 'b', 'c']) await known(name, name)
    assert.deepEqual(
      ['a', 'b', 'c'].map((name) => keys.peek(name) !== undefined),
      [false, true, true],
    )
    for (let i = 0; i < 1000; i += 1) void keys.authenticate(`key ${i}`, CLIENT).catch(() => undefined)
    await assert.rejects(keys.authenticate('one more', CLIENT), refuses('IDGEN_OVERLOADED'))
  })

  test('a flood of keys that are used once drives none out that is used all the time', async () => {
    await known('a', 'a')
    for (let i = 0; i < 100; i += 1) {
      assert.equal(keys.peek('a')?.keyId, 'a', `after ${i} others`)
      await known(`once ${i}`, `b${i}`)
    }
    assert.equal(keys.peek('once 97'), undefined)
  })

  test('a key that comes where all are in use is remembered, and the oldest of them goes', async () => {
    const isKnown = (name: string): boolean => keys.peek(name) !== undefined
    for (const name of ['a', 'b']) await known(name, name)
    assert.deepEqual(['a', 'b'].map(isKnown), [true, true])
    await known('c', 'c')
    assert.deepEqual(['a', 'b', 'c'].map(isKnown), [false, true, true])
  })

  test('of a text that is too long for a key only so much is sent that it is refused', () => {
    void keys.authenticate('x'.repeat(100_000), CLIENT).catch(() => undefined)
    assert.equal(asked[0]?.keyText?.length, KEY_TEXT_MAX + 1)
  })

  test('each time a key is known here counts, and no question does', async () => {
    await known(KEY, 'a')
    assert.equal(hits, 0)
    for (let i = 0; i < 5; i += 1) keys.peek(KEY)
    await keys.authenticate(KEY, CLIENT)
    keys.peek('idg_unknown')
    assert.equal(hits, 6)
    clock.advance(60_000)
    keys.peek(KEY)
    assert.equal(hits, 6)
  })

  test('where no key is needed everybody is known', () => {
    keys = newKeys(callerOf('anonymous'))
    assert.equal(keys.peek(undefined)?.keyId, 'anonymous')
    assert.equal(hits, 0)
  })
})

function newKeys(everybody?: Caller): KnownKeys {
  return new KnownKeys({
    clock,
    ask: ({ number, keyText }) => void asked.push({ number, keyText }),
    everybody,
    onHit: () => (hits += 1),
    maxEntries: 2,
  })
}

async function known(keyText: string, keyId: string): Promise<void> {
  const caller = keys.authenticate(keyText, CLIENT)
  answer(asked.at(-1)?.number ?? 0, keyId, 60_000)
  await caller
}

function answer(number: number, keyId: string, forMs: number): void {
  keys.receive({ kind: 'caller', number, caller: callerOf(keyId), untilMs: clock.nowMs() + forMs })
}

function callerOf(keyId: string): Caller {
  return { keyId, scopes: ['issue'], within: '' }
}

function refuses(code: string) {
  return (error: unknown): boolean => error instanceof IdgenError && error.code === code
}
