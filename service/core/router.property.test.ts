import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ALGORITHMS, type Algorithm, type AlgorithmName } from './algorithm.ts'
import { Router } from './router.ts'

test('every move has one event, down goes one step, up goes only to an algorithm without a fault', () => {
  const step = fc.record({
    kind: fc.constantFrom('fail', 'fail', 'probe', 'probe', 'probe', 'fault', 'heal'),
    which: fc.integer({ min: 0, max: 3 }),
    ms: fc.integer({ min: -500, max: 5000 }),
  })
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 80, size: 'max' }),
      fc.integer({ min: 1, max: 4 }),
      (steps, length) => {
        const faults = new Set<AlgorithmName>()
        const names = ALGORITHMS.slice(0, length)
        const router = new Router(names.map((name) => algorithm(name, faults)))
        let nowMs = 1_800_000_000_000
        for (const { kind, which, ms } of steps) {
          nowMs += ms
          const before = router.active.name
          const event =
            kind === 'fail'
              ? router.degrade({ code: 'IDGEN_STORE_UNAVAILABLE', message: 'x' }, nowMs)
              : kind === 'probe'
                ? router.probe(nowMs)
                : undefined
          if (kind === 'fault') faults.add(names[which % length] ?? 'segment')
          if (kind === 'heal') faults.delete(names[which % length] ?? 'segment')
          const after = router.active.name
          assert.equal(event !== undefined, before !== after)
          assert.equal(router.degraded, after !== names[0])
          if (event === undefined) continue
          assert.deepEqual([event.from, event.to], [before, after])
          const moved = names.indexOf(after) - names.indexOf(before)
          if (event.kind === 'degraded') assert.equal(moved, 1)
          else assert.ok(moved < 0 && !faults.has(after))
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('a request that meets only failures ends: it goes through the chain at most twice', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 20 }), (length, requests) => {
      const router = new Router(ALGORITHMS.slice(0, length).map((name) => algorithm(name, new Set())))
      for (let request = 0; request < requests; request++) {
        let moves = 0
        while (
          router.degrade(
            { code: 'IDGEN_STORE_UNAVAILABLE', message: 'x' },
            1_800_000_000_000 + request * 5000,
          )
        )
          moves += 1
        assert.ok(moves <= 2 * length)
      }
    }),
  )
})

function algorithm(name: AlgorithmName, faults: ReadonlySet<AlgorithmName>): Algorithm {
  return {
    name,
    take: () => 0,
    shortage: () => ({ kind: 'refill' }),
    fault: () => (faults.has(name) ? 'x' : undefined),
    stats: () => ({ issued: 0, granted: 0 }),
  }
}
