import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IdBatch } from './id-batch.ts'
import { SegmentBuffer } from './segment-buffer.ts'

const step = { base: 20, min: 1, max: 500 }

/** What happens to one of three instances that share a tag; the store gives out disjoint grants, some unknown. */
const event = fc.record({
  instance: fc.integer({ min: 0, max: 2 }),
  kind: fc.constantFrom('take', 'take', 'take', 'refill', 'refill', 'refuse', 'burn', 'clock', 'stop'),
  n: fc.integer({ min: 1, max: 120 }),
})

class World {
  nextValue = 1
  nowMs = 1_800_000_000_000
  readonly seen = new Set<number>()
  readonly instances = [0, 1, 2].map(() => ({ buffer: newBuffer(), granted: [] as number[], last: -1 }))

  run(which: number, kind: string, n: number): void {
    const instance = this.instances[which]
    assert.ok(instance !== undefined)
    const { buffer } = instance
    if (kind === 'clock') this.nowMs += n * 100 - 3000
    if (kind === 'take') this.#take(instance, n)
    if (kind === 'refuse') buffer.refused('IDGEN_STORE_UNAVAILABLE', 'away', this.nowMs)
    // A commit whose outcome is unknown: the numbers are gone, nobody has them.
    if (kind === 'burn') this.nextValue += n
    if (kind === 'refill') {
      const asked = buffer.refillStep(this.nowMs, 0.5)
      if (asked > 0) this.#grant(instance, asked)
    }
    if (kind === 'stop') {
      for (const unused of buffer.drain()) {
        for (let v = unused.lo; v < unused.hi; v++) assert.ok(!this.seen.has(v), 'unused means unused')
        if (unused.hi === this.nextValue) this.nextValue = unused.lo
      }
      assert.equal(buffer.take(1, this.nowMs, new IdBatch()), 0)
      this.instances[which] = { buffer: newBuffer(), granted: [], last: -1 }
    }
  }

  #grant(instance: World['instances'][number], asked: number): void {
    assert.ok(Number.isInteger(asked) && asked >= step.min && asked <= step.max)
    const [lo, hi] = [this.nextValue, this.nextValue + asked]
    this.nextValue = hi
    for (let v = lo; v < hi; v++) instance.granted.push(v)
    instance.buffer.install({ lo, hi }, this.nowMs)
  }

  #take(instance: World['instances'][number], n: number): void {
    const { buffer } = instance
    const before = buffer.left
    const batch = new IdBatch()
    const taken = buffer.take(n, this.nowMs, batch)
    assert.equal(taken, Math.min(n, before), 'never short while numbers are in memory')
    assert.equal(buffer.left, before - taken)
    const granted = new Set(instance.granted)
    for (let run = 0; run < batch.runCount; run++)
      for (let i = 0; i < batch.runLength(run); i++) {
        const value = batch.runHi(run) * 2 ** 32 + batch.runLo(run) + i
        assert.ok(!this.seen.has(value), 'once')
        this.seen.add(value)
        assert.ok(granted.has(value), 'inside')
        assert.ok(value > instance.last, 'increasing')
        instance.last = value
      }
    if (taken < n) this.#checkShortage(buffer)
  }

  #checkShortage(buffer: SegmentBuffer): void {
    const shortage = buffer.shortage()
    if (shortage.kind === 'refill') assert.ok(buffer.refillStep(this.nowMs, 0) > 0, 'a refill is to be had')
    else assert.equal(buffer.fault(), shortage.kind === 'failed' ? shortage.message : undefined)
  }
}

test('whatever takes, refills, refusals and stops do: no number twice, none outside its grant, no needless shortage', () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 10, maxLength: 120, size: 'max' }), (events) => {
      const world = new World()
      for (const { instance, kind, n } of events) world.run(instance, kind, n)
    }),
    { numRuns: 200 },
  )
})

function newBuffer(): SegmentBuffer {
  return new SegmentBuffer({ step, prefetch: 2 })
}
