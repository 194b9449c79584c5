import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LiveTag, noneServed, type ServedCounts } from './app/live-tag.ts'
import { BusiestTags, servedSource } from './tag-metrics.ts'

/** Tags that count, without anything else of a service. */
class Counted {
  readonly served = noneServed()
  readonly #tags = new Map<string, { readonly path: string; readonly served: ServedCounts }>()
  readonly #read: () => Record<string, number>
  /** What each series told at every scrape. */
  readonly #before = new Map<string, number>()

  constructor(max: number) {
    const all = (): Iterable<LiveTag> => this.#tags.values() as unknown as Iterable<LiveTag>
    const source = servedSource('x', '', 'ids', { busiest: new BusiestTags({ all }, max), generate: this })
    this.#read = () => {
      const found: Record<string, number> = {}
      if (source.kind === 'counter')
        source.read(([tag = '', algorithm = ''], value) => (found[`${tag} ${algorithm}`] = value))
      return found
    }
  }

  ids(path: string, count: number): void {
    const tag = this.#tags.get(path) ?? { path, served: noneServed() }
    this.#tags.set(path, tag)
    for (const counts of [tag.served, this.served]) {
      counts.segment.requests += count
      counts.segment.ids += count
    }
  }

  drop(path: string): void {
    this.#tags.delete(path)
  }

  /** What increased since the last scrape as Prometheus reads it: the first value of a series says nothing. */
  async scrape(): Promise<{ shown: Record<string, number>; increase: Record<string, number> }> {
    // Each in a turn of its own, as scrapes are.
    await Promise.resolve()
    const shown = this.#read()
    const increase: Record<string, number> = {}
    for (const [series, value] of Object.entries(shown)) {
      const before = this.#before.get(series)
      if (before !== undefined) increase[series] = value >= before ? value - before : value
    }
    this.#before.clear()
    for (const [series, value] of Object.entries(shown)) this.#before.set(series, value)
    return { shown, increase }
  }
}

test('all tags have series of their own while they are few, from their first ID on', async () => {
  const counted = new Counted(2)
  counted.ids('w/g/a', 3)
  counted.ids('w/g/b', 4)
  assert.deepEqual((await counted.scrape()).shown, { 'w/g/a segment': 3, 'w/g/b segment': 4 })
})

test('a tag that comes among the busiest, and one that leaves, make no rate jump', async () => {
  const counted = new Counted(2)
  counted.ids('w/g/a', 1000)
  counted.ids('w/g/b', 900)
  counted.ids('w/g/c', 800)
  assert.deepEqual((await counted.scrape()).shown, {
    'w/g/a segment': 1000,
    'w/g/b segment': 900,
    '_other segment': 800,
  })
  counted.ids('w/g/c', 150)
  const changed = await counted.scrape()
  // c comes, b leaves: the 150 were still counted with the others.
  assert.deepEqual(changed.shown, { 'w/g/a segment': 1000, 'w/g/c segment': 0, '_other segment': 950 })
  assert.deepEqual(changed.increase, { 'w/g/a segment': 0, '_other segment': 150 })
  counted.ids('w/g/b', 7)
  counted.ids('w/g/c', 5)
  assert.deepEqual((await counted.scrape()).increase, {
    'w/g/a segment': 0,
    'w/g/c segment': 5,
    '_other segment': 7,
  })
  counted.ids('w/g/b', 200)
  await counted.scrape()
  counted.ids('w/g/b', 3)
  assert.deepEqual((await counted.scrape()).increase, {
    'w/g/a segment': 0,
    'w/g/b segment': 3,
    '_other segment': 0,
  })
})

test('a tag that is served no more leaves what it had, and _other never becomes less', async () => {
  const counted = new Counted(1)
  counted.ids('w/g/a', 1000)
  counted.ids('w/g/b', 900)
  await counted.scrape()
  counted.drop('w/g/b')
  assert.deepEqual((await counted.scrape()).increase, { 'w/g/a segment': 0, '_other segment': 0 })
  counted.ids('w/g/a', 10)
  counted.drop('w/g/a')
  // Of a tag that is gone, what came since the last scrape is counted with the others.
  assert.deepEqual((await counted.scrape()).increase, { '_other segment': 10 })
})
