import { type Tag, tagPath } from '../../core/tag.ts'
import { isWithin } from '../../core/tag-path.ts'
import type { Page } from '../../ports/catalog-store.ts'
import type { TagQuery, TagSearch } from '../../ports/tag-search.ts'
import type { MemoryCatalog } from './memory-catalog.ts'
import { pageOf } from './memory-page.ts'

export class MemoryTagSearch implements TagSearch {
  readonly #catalog: MemoryCatalog

  constructor(catalog: MemoryCatalog) {
    this.#catalog = catalog
  }

  async find(query: TagQuery, after: string | undefined, limit: number): Promise<Page<Tag>> {
    // Compared part by part: a slash sorts above some of the characters of names.
    const inOrder = (path: string): string => path.replaceAll('/', '\u0000')
    const page = { after: after === undefined ? undefined : inOrder(after), limit }
    const { items, next } = pageOf(this.#matching(query), page, (tag) => inOrder(tagPath(tag)))
    return { items, next: next?.replaceAll('\u0000', '/') }
  }

  async count(query: TagQuery): Promise<number> {
    return this.#matching(query).length
  }

  #matching({ within, text }: TagQuery): Tag[] {
    const wanted = text.toLowerCase()
    return [...this.#catalog.tags.values()].filter(
      (tag) =>
        isWithin(tagPath(tag), within) &&
        (tagPath(tag).includes(wanted) || tag.displayName.toLowerCase().includes(wanted)),
    )
  }
}
