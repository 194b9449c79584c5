import type { GrantHistory, RecentGrants } from '../../ports/grant-history.ts'
import { GRANTS_KEPT, type MemoryCatalog } from './memory-catalog.ts'

export class MemoryGrantHistory implements GrantHistory {
  readonly #catalog: MemoryCatalog

  constructor(catalog: MemoryCatalog) {
    this.#catalog = catalog
  }

  async recent(tagId: number, since: Date): Promise<readonly RecentGrants[]> {
    const grants = this.#catalog.grants.get(tagId) ?? []
    const ofDc = new Map<number, number>()
    for (const { dc, numbers, at } of grants) if (at >= since) ofDc.set(dc, (ofDc.get(dc) ?? 0) + numbers)
    // What came before the oldest of so many is not there any more.
    const [oldest] = grants.length < GRANTS_KEPT ? [] : grants
    const from = oldest !== undefined && oldest.at > since ? oldest.at : since
    return [...ofDc].map(([dc, numbers]) => ({ dc, numbers, from })).sort((a, b) => a.dc - b.dc)
  }
}
