export interface KeyListener {
  /** This key was changed or revoked; the change is in the store, at this revision of the catalogue. Must not throw. */
  onKey(id: string, revision: number): void
  /** From now on every change is told; what was changed before may have been missed. At first, and after each fault. Must not throw. */
  onAll(): void
}

/**
 * Tells of changes of API keys as soon as they are in the store, whichever process made them. It only makes earlier what
 * `CatalogStore.changesSince` tells: news may come twice, late or not at all, and what was missed is not told again.
 */
export interface KeyNews {
  /** At once and for good: it connects by itself, as often as needed. Ends by disposing; no news come after it. */
  follow(listener: KeyListener): Disposable
  /** Why no news come now, for people; undefined while they do. */
  fault(): string | undefined
}
