import type { Algorithm } from './algorithm.ts'
import { JoinedCursors } from './joined-cursors.ts'
import { TagCursor, type TimeHolder } from './tag-cursor.ts'
import { layoutEndMs, type TagLayout } from './tag-layout.ts'

export interface TagCursorsOptions {
  /** One for each worker id of the process. */
  readonly holders: readonly TimeHolder[]
  readonly borrowMaxMs: number
  /** A uint32 for each cursor. */
  readonly seed: () => number
}

/** A tag's own cursors, as one algorithm. */
export interface OpenTagCursor {
  readonly algorithm: Algorithm
  close(): void
}

/**
 * The cursors of tags that have a layout of their own. Of one tag at most one is open: opening it anew closes the one
 * before, and the new one begins above all that it stamped. So a tag may be dropped from memory and come back.
 */
export class TagCursors {
  readonly #options: TagCursorsOptions
  /** By generation; as many as there are such tags in memory. */
  readonly #open = new Map<string, { readonly layout: TagLayout; readonly cursors: readonly TagCursor[] }>()

  /** Highest clock at which tags that are gone from memory stamped: one that steps back is judged by it when they return. */
  #clockHighMs = 0

  constructor(options: TagCursorsOptions) {
    this.#options = options
  }

  /** When the first layout of a tag in memory ends, Unix milliseconds; Infinity: there is none. */
  get endMs(): number {
    let endMs = Number.POSITIVE_INFINITY
    for (const { layout } of this.#open.values()) endMs = Math.min(endMs, layoutEndMs(layout))
    return endMs
  }

  open(generation: string, layout: TagLayout): OpenTagCursor {
    const { holders, borrowMaxMs, seed } = this.#options
    this.#close(generation)
    const cursors = holders.map((holder) => new TagCursor({ holder, layout, borrowMaxMs, seed: seed() }))
    // Each is unique by itself; above all of them the tag goes on in order, too.
    const lentMs = Math.max(...holders.map((holder) => holder.lentMs))
    for (const cursor of cursors) cursor.skipTo(lentMs + 1, this.#clockHighMs)
    const opened = { layout, cursors }
    this.#open.set(generation, opened)
    const [first, ...more] = cursors
    const algorithm = first !== undefined && more.length === 0 ? first : new JoinedCursors(cursors)
    const close = (): void => {
      this.#end(cursors)
      // The tag may have been opened anew by now.
      if (this.#open.get(generation) === opened) this.#open.delete(generation)
    }
    return { algorithm, close }
  }

  #close(generation: string): void {
    this.#end(this.#open.get(generation)?.cursors ?? [])
  }

  #end(cursors: readonly TagCursor[]): void {
    for (const cursor of cursors) {
      cursor.close()
      this.#clockHighMs = Math.max(this.#clockHighMs, cursor.clockHighMs)
    }
  }
}
