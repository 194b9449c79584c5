import type { GrantHistory, RecentGrants } from '../../ports/grant-history.ts'
import type { MemoryCatalog } from './memory-catalog.ts'

export class MemoryGrantHistory implements GrantHistory {
  readonly #catalog: MemoryCatalog

  constructor(catalog: MemoryCatalog) {
    this.#catalog = catalog
  }

  async recent(tagId: number, since: Date): Promise<readonly RecentGrants[]> {
    const ofDc = new Map<number, { numbers: number; from: Date }>()
    for (const { dc, numbers, at } of this.#catalog.grants.get(tagId) ?? []) {
      if (at < since) continue
      const before = ofDc.get(dc)
      ofDc.set(dc, { numbers: (before?.numbers ?? 0) + numbers, from: before?.from ?? at })
    }
    return [...ofDc].map(([dc, rest]) => ({ dc, ...rest })).sort((a, b) => a.dc - b.dc)
  }
}
