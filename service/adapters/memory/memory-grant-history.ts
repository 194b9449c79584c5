import type { GrantHistory, RecentGrants } from '../../ports/grant-history.ts'
import type { MemoryCatalog } from './memory-catalog.ts'

export class MemoryGrantHistory implements GrantHistory {
  readonly #catalog: MemoryCatalog

  constructor(catalog: MemoryCatalog) {
    this.#catalog = catalog
  }

  async recent(tagId: number, since: Date): Promise<readonly RecentGrants[]> {
    const ofDc = new Map<number, number>()
    for (const { dc, numbers, at } of this.#catalog.grants.get(tagId) ?? [])
      if (at >= since) ofDc.set(dc, (ofDc.get(dc) ?? 0) + numbers)
    return [...ofDc].map(([dc, numbers]) => ({ dc, numbers, from: since })).sort((a, b) => a.dc - b.dc)
  }
}
