import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Algorithm, AlgorithmName } from './algorithm.ts'
import { Router } from './router.ts'

const T = 1_800_000_000_000

describe('router (R-1.3.5)', () => {
  test('it begins with the first choice, not degraded', () => {
    const { router } = chain('segment', 'uuid-v7')
    assert.equal(router.active.name, 'segment')
    assert.equal(router.degraded, false)
    assert.deepEqual(router.failures(), [])
  })

  test('an empty chain and zero probes break an invariant', () => {
    assert.throws(() => new Router([]), /at least one algorithm/)
    assert.throws(() => chain('segment').make({ recoveryProbes: 0 }), /at least one probe/)
  })

  test('a failure moves down the chain, one at a time, with the reason', () => {
    const { router } = chain('segment', 'snowflake', 'uuid-v7')
    assert.deepEqual(router.degrade(failure('no segment'), T), {
      kind: 'degraded',
      from: 'segment',
      to: 'snowflake',
      reason: 'no segment',
    })
    assert.equal(router.degrade(failure('no worker'), T)?.to, 'uuid-v7')
    assert.equal(router.degraded, true)
    assert.deepEqual(router.failures(), ['segment: no segment', 'snowflake: no worker'])
  })

  test('it knows since when it is degraded, through further steps until it is all the way back', () => {
    const { router, faults } = chain('segment', 'snowflake', 'uuid-v7')
    assert.equal(router.degradedSinceMs, undefined)
    router.degrade(failure('a'), T)
    router.degrade(failure('b'), T + 5)
    assert.equal(router.degradedSinceMs, T)
    faults.set('segment', 'still away')
    for (let i = 0; i < 3; i++) router.probe(T + 10)
    assert.deepEqual([router.active.name, router.degradedSinceMs], ['snowflake', T])
    faults.delete('segment')
    for (let i = 0; i < 3; i++) router.probe(T + 20)
    assert.deepEqual([router.active.name, router.degradedSinceMs], ['segment', undefined])
  })

  test('at the end it stays on the last algorithm and names every reason', () => {
    const { router } = chain('segment', 'snowflake')
    router.degrade(failure('a'), T)
    assert.equal(router.degrade(failure('b'), T), undefined)
    assert.equal(router.active.name, 'snowflake')
    assert.deepEqual(router.failures(), ['segment: a', 'snowflake: b'])
  })
})

describe('router: recovery', () => {
  test('it recovers after three calm probes in a row, and a fault in between starts the count anew', () => {
    const { router, faults } = chain('segment', 'uuid-v7')
    router.degrade(failure('gone'), T)
    assert.equal(router.probe(T), undefined)
    assert.equal(router.probe(T), undefined)
    faults.set('segment', 'gone again')
    assert.equal(router.probe(T), undefined)
    faults.delete('segment')
    assert.equal(router.probe(T), undefined)
    assert.equal(router.probe(T), undefined)
    const event = router.probe(T)
    assert.equal(event?.kind, 'recovered')
    assert.equal(event?.from, 'uuid-v7')
    assert.equal(event?.to, 'segment')
    assert.match(event?.reason ?? '', /gone/)
    assert.equal(router.degraded, false)
    assert.deepEqual(router.failures(), [])
    assert.equal(router.probe(T), undefined)
  })

  test('it moves up to the best algorithm that is calm, past one that is not', () => {
    const { router, faults } = chain('segment', 'snowflake', 'uuid-v7')
    router.degrade(failure('a'), T)
    router.degrade(failure('b'), T)
    faults.set('segment', 'still away')
    for (let i = 0; i < 2; i++) router.probe(T)
    assert.equal(router.probe(T)?.to, 'snowflake')
    assert.equal(router.degraded, true)
    assert.deepEqual(router.failures(), ['segment: a'])
    faults.delete('segment')
    for (let i = 0; i < 2; i++) router.probe(T)
    assert.equal(router.probe(T)?.to, 'segment')
  })
})

describe('router: hysteresis', () => {
  test('it does not flap: every relapse within a minute doubles the calm it asks for, up to 64 probes', () => {
    const { router } = chain('segment', 'uuid-v7')
    const probes = []
    for (let relapse = 0; relapse < 7; relapse++) {
      router.degrade(failure('again'), T + relapse)
      let asked = 0
      do asked += 1
      while (router.probe(T + relapse) === undefined)
      probes.push(asked)
    }
    assert.deepEqual(probes, [3, 6, 12, 24, 48, 64, 64])
  })

  test('an algorithm that held for a minute is trusted as before', () => {
    const { router } = chain('segment', 'uuid-v7')
    const recoverAfter = (nowMs: number): number => {
      router.degrade(failure('again'), nowMs)
      let asked = 0
      do asked += 1
      while (router.probe(nowMs) === undefined)
      return asked
    }
    assert.equal(recoverAfter(T), 3)
    assert.equal(recoverAfter(T + 1000), 6)
    assert.equal(recoverAfter(T + 62_000), 3)
  })
})

describe('router: after a total failure', () => {
  test('after a total failure the next one starts again from the top once its fault is gone', () => {
    const { router, faults } = chain('segment', 'snowflake')
    faults.set('segment', 'away').set('snowflake', 'away')
    router.degrade(failure('a'), T)
    assert.equal(router.degrade(failure('b'), T), undefined)
    assert.equal(router.degrade(failure('b'), T + 10), undefined, 'all still away')
    faults.delete('segment')
    const event = router.degrade(failure('b'), T + 20)
    assert.equal(event?.kind, 'recovered')
    assert.equal(router.active.name, 'segment')
  })

  test('after a total failure one calm probe is enough', () => {
    const { router, faults } = chain('segment', 'snowflake')
    faults.set('snowflake', 'away')
    router.degrade(failure('a'), T)
    router.degrade(failure('b'), T)
    assert.equal(router.probe(T)?.to, 'segment')
  })

  test('an algorithm that hides its fault makes one extra pass a second, not one a request', () => {
    const { router, faults } = chain('segment', 'snowflake')
    faults.set('snowflake', 'away')
    let moves = 0
    for (let request = 0; request < 100; request++)
      while (router.degrade(failure('x'), T + request) !== undefined) moves += 1
    assert.equal(moves, 3, 'down once; then up and down again once within the first second')
    while (router.degrade(failure('x'), T + 2000) !== undefined) moves += 1
    assert.equal(moves, 5)
  })

  test('a clock that steps back does not hold up the next start from the top', () => {
    const { router, faults } = chain('segment', 'snowflake')
    faults.set('snowflake', 'away')
    while (router.degrade(failure('x'), T) !== undefined);
    while (router.degrade(failure('x'), T) !== undefined);
    assert.equal(router.active.name, 'snowflake')
    assert.equal(router.degrade(failure('x'), T - 3_600_000)?.kind, 'recovered')
  })

  test('a chain of one has nowhere to go and is never degraded', () => {
    const { router } = chain('segment')
    assert.equal(router.degrade(failure('a'), T), undefined)
    assert.equal(router.degrade(failure('a'), T), undefined)
    assert.equal(router.degraded, false)
    assert.equal(router.probe(T), undefined)
    assert.equal(router.active.name, 'segment')
  })

  test('a last algorithm that is well again is left for the first choice with the usual patience', () => {
    const { router, faults } = chain('segment', 'snowflake')
    router.degrade(failure('a'), T)
    faults.set('segment', 'away').set('snowflake', 'away')
    router.degrade(failure('b'), T)
    faults.delete('snowflake')
    assert.equal(router.probe(T), undefined)
    faults.delete('segment')
    assert.equal(router.probe(T), undefined)
    assert.equal(router.probe(T), undefined)
    assert.equal(router.probe(T)?.to, 'segment')
  })
})

function chain(...names: AlgorithmName[]) {
  const faults = new Map<AlgorithmName, string>()
  const algorithms = names.map(
    (name): Algorithm => ({
      name,
      take: () => 0,
      shortage: () => ({ kind: 'refill' }),
      fault: () => faults.get(name),
      stats: () => ({ issued: 0, granted: 0 }),
    }),
  )
  const make = (options?: { recoveryProbes: number }) => new Router(algorithms, options)
  return { router: make(), faults, make }
}

function failure(message: string) {
  return { code: 'IDGEN_STORE_UNAVAILABLE', message } as const
}
