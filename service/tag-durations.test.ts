import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LiveTag, noneServed } from './app/live-tag.ts'
import { DURATION_BOUNDS, type DurationCounts, DurationHistogram } from './core/duration-histogram.ts'
import { TAG_DURATION_BOUNDS, TagWaits, tagClassOf } from './core/tag-waits.ts'
import { tagDurationSource } from './tag-durations.ts'
import { BusiestTags } from './tag-metrics.ts'

/** Tags whose requests are timed, without anything else of a service. */
class Timed {
  readonly #tags = new Map<string, Pick<LiveTag, 'path' | 'served' | 'waits'>>()
  readonly #durations = new DurationHistogram()
  #instant = 0
  readonly #source

  constructor(max: number) {
    const all = (): Iterable<LiveTag> => this.#tags.values() as unknown as Iterable<LiveTag>
    this.#source = tagDurationSource({ busiest: new BusiestTags({ all }, max), generate: this })
  }

  get durations(): DurationCounts {
    return this.#durations.counts(this.#instant)
  }

  /** `ms`: undefined for those that did not wait. */
  ask(path: string, requests: number, ms?: number, answered = true): void {
    const tag = this.#tags.get(path) ?? { path, served: noneServed(), waits: undefined }
    this.#tags.set(path, tag)
    if (answered) tag.served.segment.requests += requests
    if (ms === undefined) this.#instant += requests
    else {
      this.#durations.observe(ms, requests)
      tag.waits?.add(tagClassOf(ms), requests, (ms / 1000) * requests, answered)
    }
  }

  drop(path: string): void {
    this.#tags.delete(path)
  }

  async scrape(): Promise<Record<string, DurationCounts>> {
    // Each in a turn of its own, as scrapes are.
    await Promise.resolve()
    const shown: Record<string, DurationCounts> = {}
    if (this.#source.kind === 'histogram')
      this.#source.read(([tag = ''], counts) => {
        shown[tag] = counts
      })
    return shown
  }
}

const numbersOf = (all: Record<string, DurationCounts>): Record<string, number[]> =>
  Object.fromEntries(Object.entries(all).map(([tag, { atMost, count }]) => [tag, [...atMost, count]]))

test('a tag is told from 0 on once it was seen, with those that waited and those that did not', async () => {
  const timed = new Timed(2)
  timed.ask('w/g/a', 5)
  assert.deepEqual(numbersOf(await timed.scrape()), {
    'w/g/a': [0, 0, 0, 0, 0, 0, 0],
    _other: [5, 5, 5, 5, 5, 5, 5],
  })
  timed.ask('w/g/a', 4)
  timed.ask('w/g/a', 3, 8)
  timed.ask('w/g/a', 1, 2000, false)
  const { 'w/g/a': shown, _other: others } = await timed.scrape()
  assert.deepEqual(shown?.atMost, [4, 4, 7, 7, 7, 7])
  assert.equal(shown?.count, 8)
  assert.ok(Math.abs((shown?.sumSeconds ?? 0) - 2.024) < 1e-9)
  assert.deepEqual(others?.count, 5)
})

test('tags beyond the bound are summed, and no series becomes less when the busiest change places', async () => {
  const timed = new Timed(1)
  const before: Record<string, number[]> = {}
  const look = async (): Promise<void> => {
    const shown = numbersOf(await timed.scrape())
    assert.ok(Object.keys(shown).length <= 2)
    for (const [tag, values] of Object.entries(shown))
      for (const [i, value] of values.entries())
        assert.ok(value >= (before[tag]?.[i] ?? 0), `${tag} ${i}: ${value} after ${before[tag]?.[i]}`)
    // A series that ends may begin anew.
    for (const tag of Object.keys(before)) if (!(tag in shown)) delete before[tag]
    Object.assign(before, shown)
  }
  timed.ask('w/g/a', 10)
  timed.ask('w/g/b', 5, 20)
  await look()
  timed.ask('w/g/a', 10, 3)
  timed.ask('w/g/b', 30, 300)
  await look()
  timed.ask('w/g/b', 30, 20)
  timed.ask('w/g/a', 1, 20)
  await look()
  timed.drop('w/g/b')
  await look()
  timed.ask('w/g/a', 7)
  await look()
  const shown = await timed.scrape()
  const told = Object.values(shown).reduce((sum, { count }) => sum + count, 0)
  // The series of b ended with what it had told: that is counted nowhere else.
  assert.equal(told, timed.durations.count - 30)
})

test('a count that a thread tells in two parts makes no series less', () => {
  const waits = new TagWaits(0)
  assert.equal(waits.counts(10).count, 10)
  // The wait is told, the answer not yet.
  waits.add(tagClassOf(3), 2, 0.006, true)
  assert.deepEqual(waits.counts(10).atMost[0], 10)
  assert.deepEqual(waits.counts(12).atMost.slice(0, 2), [10, 12])
})

test('the classes of a tag are some of those of all, in order, and a wait counts in the first that it fits', () => {
  assert.ok(TAG_DURATION_BOUNDS.every((bound) => DURATION_BOUNDS.includes(bound)))
  assert.deepEqual(
    TAG_DURATION_BOUNDS,
    TAG_DURATION_BOUNDS.toSorted((a, b) => a - b),
  )
  assert.deepEqual([-1, 0, 1, 1.1, 10, 1000, 1001].map(tagClassOf), [0, 0, 0, 1, 2, 5, 6])
})
