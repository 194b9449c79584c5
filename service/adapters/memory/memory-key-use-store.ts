import type { KeyUseStore } from '../../ports/key-use-store.ts'

export class MemoryKeyUseStore implements KeyUseStore {
  readonly #uses = new Map<string, Date>()

  async note(uses: ReadonlyMap<string, Date>): Promise<void> {
    for (const [id, at] of uses) if (at > (this.#uses.get(id) ?? new Date(0))) this.#uses.set(id, at)
  }

  async lastUses(ids: readonly string[]): Promise<ReadonlyMap<string, Date>> {
    return new Map([...this.#uses].filter(([id]) => ids.includes(id)))
  }
}
