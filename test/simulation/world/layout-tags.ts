import { IdBatch } from '../../../service/core/id-batch.ts'
import type { Snowflake } from '../../../service/core/snowflake.ts'
import { TagCursors } from '../../../service/core/tag-cursors.ts'
import { canonicalLayout, type TagLayout } from '../../../service/core/tag-layout.ts'
import { watchTakes } from './watched.ts'
import type { World } from './world.ts'

const WIDE = { ...canonicalLayout('53-bit'), timeBits: 30 }

/** Units that are short, that divide no second, and as long as a second; few sequences, so that units are borrowed. */
export const TAG_LAYOUTS: ReadonlyMap<string, TagLayout> = new Map([
  ['53-bit', canonicalLayout('53-bit')],
  ['1 ms', { ...canonicalLayout('53-bit'), unitMs: 1, timeBits: 41, sequenceBits: 1 }],
  ['7 ms', { ...canonicalLayout('53-bit'), unitMs: 7, epochMs: 1_600_000_000_003 }],
  ['1 s', { ...WIDE, unitMs: 1000, sequenceBits: 12 }],
])

/**
 * The tags with layouts of their own that a process serves beside its others. Nothing is drawn and nothing waits for
 * them, so that a seed stays the run that it was.
 */
export class LayoutTags {
  readonly cursors: TagCursors
  readonly #process: string
  readonly #world: World
  /** By layout: what was opened, the newest last. */
  readonly #takes = new Map<string, ((count: number, nowMs: number) => void)[]>()

  constructor(process: string, holders: readonly Snowflake[], world: World) {
    this.#process = process
    this.#world = world
    const options = { holders, borrowMaxMs: BORROW_MAX_MS, seed: () => SEED }
    this.cursors = world.variant.tagCursors?.(options) ?? new TagCursors(options)
    this.reload()
  }

  /** As a directory that drops the tags and loads them again; whoever still has the old ones goes on asking them. */
  reload(): void {
    for (const [name, layout] of TAG_LAYOUTS) this.#open(name, layout)
  }

  /** Also after a stop: then there must be nothing. */
  request(count: number, nowMs: number): void {
    for (const takes of this.#takes.values())
      for (const take of takes) take(Math.min(count, COUNT_MAX), nowMs)
  }

  #open(name: string, layout: TagLayout): void {
    const { algorithm } = this.cursors.open(name, layout)
    watchTakes(algorithm, (hi, lo, count) => {
      this.#world.layouts.spent(this.#process, { name, layout }, { hi, lo }, count)
      this.#world.tally.add(`layout ${name}: IDs`, count)
    })
    const takes = this.#takes.get(name) ?? []
    takes.push((count, nowMs) => void algorithm.take(count, nowMs, new IdBatch()))
    this.#takes.set(name, takes.slice(-OPENED_MAX))
  }
}

const BORROW_MAX_MS = 1000
const SEED = 7
const COUNT_MAX = 300
/** The one that counts, and the one before it. */
const OPENED_MAX = 2
