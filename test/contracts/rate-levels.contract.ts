import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { NAMES_PER_CALL, type RateLevels, type Settling } from '../../service/ports/rate-levels.ts'

export interface RateLevelsOfTwo {
  /** Two processes on the same data. */
  readonly levels: RateLevels
  readonly others: RateLevels
  /** Lets `ms` pass. */
  pass(ms: number): Promise<void>
  close(): Promise<void>
}

/** Minutes, so that a slow machine changes nothing that is looked at. */
const FULL_MS = 600_000
const EVERY_MS = 200_000

/** What every RateLevels must do, run by the memory one and by Redis, single and cluster. */
export function rateLevelsContract(name: string, make: () => Promise<RateLevelsOfTwo>): void {
  describe(`${name} keeps the contract of RateLevels`, () => {
    let both: RateLevelsOfTwo

    before(async () => {
      both = await make()
    })
    after(() => both?.close())

    function settling(group: string, instance: string, more: Partial<Settling> = {}): Settling {
      return { group, instance, everyMs: EVERY_MS, fullMs: FULL_MS, ...more }
    }

    /** Time passes while it is asked: at most half a minute, even on a slow machine. */
    function near(ms: number | undefined, wanted: number): void {
      assert.ok(ms !== undefined && ms <= wanted && ms > wanted - 30_000, `${ms} ms, not ${wanted}`)
    }

    it('adds up what all used of a name, and of each name by itself', async () => {
      const used = (name: string, usedMs: number) => ({ name, usedMs, elapsedMs: 0 })
      const first = await both.levels.settle(settling('sums', 'a'), [used('x', 100_000), used('y', 50_000)])
      near(first.levelsMs[0], 100_000)
      near(first.levelsMs[1], 50_000)
      const second = await both.others.settle(settling('sums', 'b'), [used('y', 200_000), used('x', 70_000)])
      near(second.levelsMs[0], 250_000)
      near(second.levelsMs[1], 170_000)
    })

    it('keeps groups apart', async () => {
      const report = [{ name: 'x', usedMs: 100_000, elapsedMs: 0 }]
      await both.levels.settle(settling('one', 'a'), report)
      const { instances, levelsMs } = await both.levels.settle(settling('other', 'b'), report)
      assert.equal(instances, 1)
      near(levelsMs[0], 100_000)
    })

    it('counts the instances that reported lately', async () => {
      const report = [{ name: 'x', usedMs: 1, elapsedMs: 0 }]
      const counts: number[] = []
      for (const instance of ['a', 'b', 'b', 'a', 'c'])
        counts.push((await both.levels.settle(settling('counted', instance), report)).instances)
      assert.deepEqual(counts, [1, 2, 2, 2, 3])
      // Who reports that often has gone by then.
      const often = { everyMs: 1 }
      await both.levels.settle(settling('gone', 'a', often), report)
      await both.pass(50)
      assert.equal((await both.levels.settle(settling('gone', 'b', often), report)).instances, 1)
    })

    it('counts what was used at the earliest time possible, so that it has drained by now', async () => {
      const report = { name: 'x', usedMs: 100_000, elapsedMs: 70_000 }
      near((await both.levels.settle(settling('early', 'a'), [report])).levelsMs[0], 30_000)
      // What was there drains only once.
      near((await both.others.settle(settling('early', 'b'), [report])).levelsMs[0], 130_000)
      const idle = { name: 'y', usedMs: 10, elapsedMs: 70_000 }
      assert.deepEqual((await both.levels.settle(settling('early', 'a'), [idle])).levelsMs, [0])
    })

    it('remembers no more than every instance may let through before it knows of the others', async () => {
      const report = [{ name: 'x', usedMs: 1e9, elapsedMs: 0 }]
      near((await both.levels.settle(settling('most', 'a'), report)).levelsMs[0], FULL_MS * 2 + EVERY_MS)
      near((await both.others.settle(settling('most', 'b'), report)).levelsMs[0], FULL_MS * 3 + EVERY_MS * 2)
    })

    it('takes as many names at once as it may be told, and none', async () => {
      const reports = Array.from({ length: NAMES_PER_CALL }, (_, i) => ({
        name: `n${i}`,
        usedMs: 1e5,
        elapsedMs: 0,
      }))
      const { levelsMs } = await both.levels.settle(settling('many', 'a'), reports)
      assert.equal(levelsMs.length, NAMES_PER_CALL)
      for (const ms of levelsMs) near(ms, 1e5)
      assert.deepEqual((await both.levels.settle(settling('many', 'a'), [])).levelsMs, [])
    })
  })
}
