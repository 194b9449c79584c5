import type { Algorithm, AlgorithmName } from '../core/algorithm.ts'
import { DatedBuffer } from '../core/dated-buffer.ts'
import { GuardedAlgorithm } from '../core/guarded-algorithm.ts'
import { layoutOf } from '../core/id-format.ts'
import { type IdPrinter, printerOf } from '../core/id-printer.ts'
import { preloadShareOf } from '../core/preload-share.ts'
import { Router } from '../core/router.ts'
import { SegmentBuffer } from '../core/segment-buffer.ts'
import { type Tag, tagPath } from '../core/tag.ts'
import type { OpenTagCursor, TagCursors } from '../core/tag-cursors.ts'
import type { TagWaits } from '../core/tag-waits.ts'
import type { SegmentStore } from '../ports/segment-store.ts'
import type { LayoutClaims } from './layout-claims.ts'
import { type RefillerOptions, SegmentRefiller } from './segment-refiller.ts'

/** Algorithms that the tags of this process share: one cursor each, so their IDs are unique across tags. */
export type SharedAlgorithms = Readonly<Record<Exclude<AlgorithmName, 'segment'>, Algorithm>>

/** Requests answered, and IDs in them, by what. */
export type ServedCounts = Record<AlgorithmName, { requests: number; ids: number }>

export function noneServed(): ServedCounts {
  return {
    segment: { requests: 0, ids: 0 },
    snowflake: { requests: 0, ids: 0 },
    'uuid-v7': { requests: 0, ids: 0 },
    'uuid-v4': { requests: 0, ids: 0 },
  }
}

export interface LiveTagOptions extends Omit<RefillerOptions, 'buffer' | 'tagId' | 'generation' | 'tagPath'> {
  readonly shared: SharedAlgorithms
  /** Of tags with a layout of their own, which have a cursor of their own. */
  readonly tagCursors: TagCursors
  /** Left out where no other database can have the tag: there is no etcd. */
  readonly layoutClaims?: LayoutClaims | undefined
  /**
   * For tags that write dates: past the cache of blocks, whose numbers may have the date of yesterday. Left out: `store`.
   */
  readonly unsharedStore?: SegmentStore
  /** Segments kept ready beside the current one. */
  readonly prefetch: number
  readonly recoveryProbes: number
}

/** A tag as this process serves it: its settings, its router, its segments in memory, its counters. */
export class LiveTag {
  readonly path: string
  /** Writes its numbers; undefined: they are written in decimal. */
  readonly printer: IdPrinter | undefined
  /** Requests answered with IDs, and IDs in them, per algorithm; folded into metrics when scraped. */
  readonly served = noneServed()
  /** Set by every request, cleared by the directory when it looks for a tag to drop. */
  used = true
  /** Requests that wait for IDs of this tag now; the directory keeps a tag while there are any. */
  waiting = 0
  /** Set while its durations have series of their own (tag-durations.ts): waits are timed anyway, and kept by tag only then. */
  waits: TagWaits | undefined
  #tag: Tag
  #router: Router
  #removed = false
  readonly #buffer: SegmentBuffer
  readonly #refiller: SegmentRefiller
  readonly #own: OpenTagCursor | undefined
  readonly #snowflake: Algorithm
  readonly #options: LiveTagOptions

  /** `published`: its database knows that etcd had its claim once (TagPublication.configRevision). */
  constructor(tag: Tag, options: LiveTagOptions, published = false) {
    this.path = tagPath(tag)
    this.#tag = tag
    this.#options = options
    this.printer = printerOf(tag.space)
    this.#buffer = newBuffer(tag, options.prefetch)
    this.#refiller = new SegmentRefiller({
      ...options,
      store: (isDated(tag) ? options.unsharedStore : undefined) ?? options.store,
      buffer: this.#buffer,
      tagId: tag.id,
      generation: tag.generation,
      tagPath: this.path,
    })
    const layout = layoutOf(tag.space.format)
    this.#own = layout === undefined ? undefined : options.tagCursors.open(tag.generation, layout)
    this.#snowflake = this.#guarded(this.#own?.algorithm ?? options.shared.snowflake, published)
    this.#router = this.#newRouter(tag)
  }

  get tag(): Tag {
    return this.#tag
  }

  get router(): Router {
    return this.#router
  }

  get buffer(): SegmentBuffer {
    return this.#buffer
  }

  get refiller(): SegmentRefiller {
    return this.#refiller
  }

  /** Of a tag that writes dates: how much of the present date's numbers is granted, 0..1. */
  get dateUsed(): number | undefined {
    return this.#buffer instanceof DatedBuffer
      ? this.#buffer.dateUsed(this.#options.clock.nowMs())
      : undefined
  }

  /** True once the tag was deleted or pushed out of the directory: nothing may be issued from this object. */
  get removed(): boolean {
    return this.#removed
  }

  /** Takes over changed settings without losing the segments in memory. */
  apply(tag: Tag): void {
    const chainChanged = tag.chain.join() !== this.#tag.chain.join()
    this.#tag = tag
    this.#buffer.setStep(tag.step)
    if (chainChanged) this.#router = this.#newRouter(tag)
  }

  /** Stops issuing for good and returns what was granted and not issued to the store, where it still may. */
  async retire(giveBack: boolean): Promise<void> {
    this.#removed = true
    this.#own?.close()
    const unused = this.#buffer.drain()
    await this.#refiller.stop()
    // What was still on its way came last, so it is the newest.
    unused.unshift(...this.#buffer.drain())
    if (giveBack) await this.#refiller.giveBack(unused)
  }

  #newRouter(tag: Tag): Router {
    const chain = tag.chain.map((name) => this.#algorithm(name))
    return new Router(chain, { recoveryProbes: this.#options.recoveryProbes })
  }

  #algorithm(name: AlgorithmName): Algorithm {
    if (name === 'segment') return this.#buffer
    return name === 'snowflake' ? this.#snowflake : this.#options.shared[name]
  }

  #guarded(snowflake: Algorithm, published: boolean): Algorithm {
    const guard = this.#options.layoutClaims?.guardOf(this.#tag, published)
    return guard === undefined ? snowflake : new GuardedAlgorithm(snowflake, guard)
  }
}

function isDated({ space }: Tag): boolean {
  return space.format?.reset !== undefined
}

function newBuffer({ id, step, space }: Tag, prefetch: number): SegmentBuffer {
  const { format } = space
  const options = { step, prefetch, preloadAt: preloadShareOf(id) }
  return format?.reset === undefined ? new SegmentBuffer(options) : new DatedBuffer(options, space, format)
}
