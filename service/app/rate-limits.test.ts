import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { IdgenError } from '../core/errors.ts'
import { RateLimits, type RateSettings } from './rate-limits.ts'

const TAG = 'acme/shop/order'

function limited(settings: Partial<RateSettings>): { clock: MemoryClock; rates: RateLimits } {
  const clock = new MemoryClock()
  const off = { perAddress: 0, perKey: 0, perTag: 0, burst: 1000, wrongKeys: 0 }
  return { clock, rates: new RateLimits(clock, { ...off, ...settings }) }
}

/** Of requests that come together, how many pass all limits. */
function admitSome(rates: RateLimits, address: string, keyId: string, path: string, wanted: number): number {
  const nowMs = rates.now()
  return rates.admitForTag(path, rates.admitCaller(address, keyId, wanted, nowMs), nowMs)
}

/** How many of `times` pass. */
function passed(times: number, admit: () => IdgenError | undefined): number {
  return Array.from({ length: times }, admit).filter((refused) => refused === undefined).length
}

function thrownBy(work: () => void): IdgenError {
  try {
    work()
  } catch (thrown) {
    assert.ok(thrown instanceof IdgenError)
    return thrown
  }
  return assert.fail('nothing was refused')
}

describe('a limit', () => {
  test('counts who remembers his places together with who is looked up by name, address and key', () => {
    const { clock, rates } = limited({ perAddress: 100, perKey: 150 })
    const [a, b] = [rates.placesOf('192.0.2.1', 'a'), rates.placesOf('192.0.2.2', 'a')]
    assert.equal(rates.admitAtPlaces(a, 60, rates.now()), 60)
    assert.equal(rates.admitCaller('192.0.2.1', 'a', 60, rates.now()), 40)
    assert.equal(rates.admitAtPlaces(b, 60, rates.now()), 50, 'the key has had 100')
    assert.deepEqual(rates.refused, { address: 20, key: 10, tag: 0, 'wrong-key': 0 })
    clock.advance(2000)
    assert.equal(rates.admitAtPlaces(a, 200, rates.now()), 100)
    assert.deepEqual([a.address, a.keyId], ['192.0.2.1', 'a'])
  })

  test('of addresses refuses one client and not the others', () => {
    const { rates } = limited({ perAddress: 100 })
    assert.equal(
      passed(150, () => rates.admit('192.0.2.1', 'a', TAG)),
      100,
    )
    assert.equal(
      passed(10, () => rates.admit('192.0.2.2', 'a', TAG)),
      10,
    )
    assert.deepEqual(rates.refused, { address: 50, key: 0, tag: 0, 'wrong-key': 0 })
    assert.match(rates.refusal('192.0.2.1', 'a', TAG, rates.now()).message, /limits\.perAddress/)
  })

  test('is the one that a refusal names, also where it lets through again by then', () => {
    const { rates, clock } = limited({ perAddress: 1000 })
    assert.equal(admitSome(rates, 'a', 'k', TAG, 1000), 1000)
    let nowMs = clock.monotonicMs()
    clock.monotonicMs = () => (nowMs += 0.6)
    const refused = [1, 2, 3].map(() => rates.admit('a', 'k', TAG)?.message ?? '')
    assert.match(refused[0] ?? '', /limits\.perAddress/)
    assert.doesNotMatch(refused.join(), /limits\.perTag/)
  })

  test('of keys counts one key from everywhere', () => {
    const { rates } = limited({ perKey: 100 })
    let sender = 0
    assert.equal(
      passed(150, () => rates.admit(`192.0.2.${sender++}`, 'a', TAG)),
      100,
    )
    assert.equal(rates.admit('192.0.2.1', 'b', TAG), undefined)
    assert.deepEqual(rates.refused, { address: 0, key: 50, tag: 0, 'wrong-key': 0 })
  })

  test('of tags counts all callers of one tag', () => {
    const { rates } = limited({ perTag: 100 })
    let caller = 0
    assert.equal(
      passed(150, () => rates.admit('192.0.2.1', `key ${caller++}`, TAG)),
      100,
    )
    assert.equal(rates.admit('192.0.2.1', 'a', 'acme/shop/invoice'), undefined)
    assert.deepEqual(rates.refused, { address: 0, key: 0, tag: 50, 'wrong-key': 0 })
  })

  test('opens again with time', () => {
    const { rates, clock } = limited({ perAddress: 100 })
    assert.equal(
      passed(100, () => rates.admit('a', 'k', TAG)),
      100,
    )
    clock.advance(250)
    assert.equal(
      passed(100, () => rates.admit('a', 'k', TAG)),
      25,
    )
  })

  test('says what is allowed, of whom, and when to come again', () => {
    const { rates, clock } = limited({ perAddress: 100, burst: 2500 })
    assert.equal(admitSome(rates, '192.0.2.1', 'k', TAG, 250), 250)
    clock.advance(4)
    const error = thrownBy(() => rates.admitAddress('192.0.2.1'))
    assert.equal(error.code, 'IDGEN_RATE_LIMITED')
    assert.match(
      error.message,
      /192\.0\.2\.1 sent more than 100 requests a second.*limits\.perAddress.* in 6 ms/,
    )
    assert.equal(error.retryAfterMs, 6)
    assert.deepEqual(error.quota, { name: 'address', requests: 300, windowS: 3 })
    clock.advance(6)
    rates.admitAddress('192.0.2.1')
  })
})

describe('requests that come together', () => {
  test('pass as far as all limits allow, and the rest is counted as refused', () => {
    const { rates } = limited({ perAddress: 1000, perKey: 300, perTag: 200 })
    assert.equal(admitSome(rates, 'a', 'k', TAG, 250), 200)
    assert.deepEqual(rates.refused, { address: 0, key: 0, tag: 50, 'wrong-key': 0 })
    assert.match(rates.refusal('a', 'k', TAG, rates.now()).message, /limits\.perTag/)
    assert.equal(
      admitSome(rates, 'a', 'k', 'acme/shop/invoice', 250),
      50,
      'what the tag refused counts for the key',
    )
    assert.match(rates.refusal('a', 'k', 'acme/shop/invoice', rates.now()).message, /limits\.perKey/)
  })

  test('all pass where nothing is limited, without a look at the clock', () => {
    const clock = new MemoryClock()
    clock.monotonicMs = () => assert.fail('the clock was read')
    const rates = new RateLimits(clock, { perAddress: 0, perKey: 0, perTag: 0, burst: 1000, wrongKeys: 0 })
    assert.equal(admitSome(rates, 'a', 'k', TAG, 1_000_000), 1_000_000)
    assert.equal(rates.admit('a', 'k', TAG), undefined)
    rates.admitAddress('a')
    rates.admitKey('k')
    rates.admitTag(TAG)
  })

  test('are the same as one after the other', () => {
    const [together, single] = [
      limited({ perAddress: 500, perTag: 90 }),
      limited({ perAddress: 500, perTag: 90 }),
    ]
    assert.equal(
      admitSome(together.rates, 'a', 'k', TAG, 100),
      passed(100, () => single.rates.admit('a', 'k', TAG)),
    )
    assert.deepEqual(together.rates.refused, single.rates.refused)
  })
})

describe('a request that goes through the protocols step by step', () => {
  test('counts for all limits before the one that refuses it', () => {
    const { rates } = limited({ perAddress: 10, perKey: 10, perTag: 1 })
    const ask = (): void => {
      rates.admitAddress('a')
      rates.admitKey('k')
      rates.admitTag(TAG)
    }
    ask()
    for (let i = 0; i < 9; i += 1) assert.match(thrownBy(ask).message, /limits\.perTag/)
    assert.match(thrownBy(ask).message, /limits\.perAddress/)
    assert.deepEqual(rates.refused, { address: 1, key: 0, tag: 9, 'wrong-key': 0 })
  })
})

describe('live configuration', () => {
  test('raises, lowers and lifts a limit, and what was used still counts', () => {
    const { rates, clock } = limited({ perAddress: 100 })
    const set = (perAddress: number): void =>
      rates.configure({ perAddress, perKey: 0, perTag: 0, burst: 1000, wrongKeys: 0 })
    const ask = (times: number): number => admitSome(rates, 'a', 'k', TAG, times)
    assert.equal(ask(200), 100)
    set(150)
    assert.equal(ask(200), 0, 'this second is used up')
    clock.advance(500)
    assert.equal(ask(200), 75)
    set(0)
    assert.equal(ask(10_000), 10_000)
    set(10)
    assert.equal(ask(1), 0, 'all was used a moment ago')
    clock.advance(1000)
    assert.equal(ask(100), 10)
  })
})
