import type { NamedPageRequest, Page, PageRequest } from '../../ports/catalog-store.ts'

/** The page of `items` in the order of their keys (code units, as COLLATE "C" sorts ASCII). */
export function pageOf<T>(items: Iterable<T>, page: PageRequest, key: (item: T) => string): Page<T> {
  const after = page.after ?? ''
  const sorted = [...items]
    .filter((item) => key(item) > after)
    .sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0))
  const shown = sorted.slice(0, page.limit)
  const last = shown.at(-1)
  return { items: shown, next: sorted.length > page.limit && last !== undefined ? key(last) : undefined }
}

export function isNamed({ text = '' }: NamedPageRequest) {
  const wanted = text.toLowerCase()
  return ({ name, displayName }: { readonly name: string; readonly displayName: string }): boolean =>
    name.includes(wanted) || displayName.toLowerCase().includes(wanted)
}
