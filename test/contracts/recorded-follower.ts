import type { Entry, Follower } from '../../service/ports/coordinator.ts'

export type FollowEvent =
  | { readonly kind: 'snapshot'; readonly keys: readonly string[]; readonly revision: number }
  | { readonly kind: 'put'; readonly key: string; readonly value: string; readonly revision: number }
  | { readonly kind: 'delete'; readonly key: string; readonly revision: number }
  | { readonly kind: 'lost'; readonly why: string }

/** Keeps what a Follower was told, and the state that follows from it. */
export class RecordedFollower implements Follower {
  readonly events: FollowEvent[] = []
  /** Key to value, as the follower must believe it. */
  readonly state = new Map<string, string>()
  snapshots = 0
  losses = 0
  /** Revisions must only grow, also from a snapshot to what comes after it; a restored store may break this. */
  outOfOrder = 0
  #revision = 0

  onSnapshot(entries: readonly Entry[], revision: number): void {
    this.snapshots += 1
    this.state.clear()
    for (const { key, value } of entries) this.state.set(key, value)
    this.#note(revision, this.#revision)
    this.events.push({ kind: 'snapshot', keys: entries.map(({ key }) => key), revision })
  }

  onPut({ key, value, modRevision: revision }: Entry): void {
    this.state.set(key, value)
    this.#note(revision, this.#revision)
    this.events.push({ kind: 'put', key, value, revision })
  }

  onDelete(key: string, revision: number): void {
    this.state.delete(key)
    this.#note(revision, this.#revision)
    this.events.push({ kind: 'delete', key, revision })
  }

  onLost(why: string): void {
    this.losses += 1
    this.events.push({ kind: 'lost', why })
  }

  #note(revision: number, before: number): void {
    if (revision < before) this.outOfOrder += 1
    this.#revision = revision
  }
}
