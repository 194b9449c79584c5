import type { ClaimedName } from '../core/name-layouts.ts'
import { type Tag, tagPath } from '../core/tag.ts'
import type { Clock } from '../ports/clock.ts'
import { LOOK_UP_DEADLINE_MS, withinDeadline } from './deadline.ts'
import type { SharedNames } from './shared-names.ts'

export interface ClaimLookOptions {
  readonly names: Pick<SharedNames, 'read'>
  readonly clock: Clock
  /** etcd has not of the name what it should have: somebody is to put it right. Resolves when that was tried. */
  readonly settle: (path: string) => Promise<unknown>
}

/** Looks at what etcd has of one tag's name, when it is asked to and at most about once a second. */
export class ClaimLook {
  readonly #tag: Tag
  readonly #options: ClaimLookOptions
  /** Whether the tag may be stamped with this. */
  readonly #allows: (name: ClaimedName) => boolean
  #allowed = false
  #asking = false
  #asked = 0
  #askedMs = Number.NEGATIVE_INFINITY

  constructor(tag: Tag, options: ClaimLookOptions, allows: (name: ClaimedName) => boolean) {
    this.#tag = tag
    this.#options = options
    this.#allows = allows
  }

  /** What the last look that was answered said. */
  get allowed(): boolean {
    return this.#allowed
  }

  /** The first look is under way: worth a caller's wait. */
  get isFirst(): boolean {
    return this.#asking && this.#asked === 1
  }

  /** Whatever was seen counts no more. */
  forget(): void {
    this.#allowed = false
  }

  /** Begins a look, unless one is under way or the last one began less than `everyMs` ago. */
  ask(everyMs: number): void {
    if (this.#asking) return
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs < this.#askedMs + everyMs) return
    this.#asking = true
    this.#asked += 1
    this.#askedMs = nowMs
    void this.#look()
  }

  /** Never rejects: a look that failed is one that has not been, and what was seen before holds. */
  async #look(): Promise<void> {
    try {
      this.#allowed = await this.#read()
      if (this.#allowed) return
      await this.#within('the exchange with etcd of', this.#options.settle(tagPath(this.#tag))).catch(
        () => {},
      )
      this.#allowed = await this.#read()
    } catch {
      // Another look follows.
    } finally {
      this.#asking = false
    }
  }

  async #read(): Promise<boolean> {
    const { claim, tombstone, config } = await this.#within(
      'the claim of',
      this.#options.names.read(tagPath(this.#tag)),
    )
    return this.#allows({ claim: claim?.value, tombstone: tombstone?.value, config: config?.value })
  }

  #within<T>(what: string, work: Promise<T>): Promise<T> {
    return withinDeadline(this.#options.clock, LOOK_UP_DEADLINE_MS, `${what} ${tagPath(this.#tag)}`, work)
  }
}
