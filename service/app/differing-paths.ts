import { CONFIGS } from '../core/coordination-keys.ts'
import { tagPath } from '../core/tag.ts'
import { printTagRecord } from '../core/tag-record.ts'
import type { CatalogStore, TagPublication } from '../ports/catalog-store.ts'
import type { Coordinator, Entry } from '../ports/coordinator.ts'
import { pathOfKey } from './shared-names.ts'

/**
 * Names whose tag and configuration key are not known to be the same, or whose tag is to be deleted, as both are now. One list of the coordinator and
 * a page of the database at a time: cheap enough for every process after every reconnect.
 */
export async function* differingPaths(
  coordinator: Coordinator,
  catalog: CatalogStore,
): AsyncIterable<string> {
  const { entries } = await coordinator.list(CONFIGS)
  const byPath = new Map(entries.map((entry) => [pathOfKey(entry.key, CONFIGS), entry]))
  for await (const publication of allPublications(catalog)) {
    const path = tagPath(publication.tag)
    if (publication.deleting || differs(publication, byPath.get(path))) yield path
    byPath.delete(path)
  }
  yield* byPath.keys()
}

/** Every live tag of the database. */
export async function* allPublications(catalog: CatalogStore): AsyncIterable<TagPublication> {
  for (let after = 0; ; ) {
    const page = await catalog.listPublications(after, PAGE)
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE) return
    after = last.tag.id
  }
}

function differs({ tag, configRevision }: TagPublication, entry: Entry | undefined): boolean {
  return entry === undefined || entry.modRevision > configRevision || entry.value !== printTagRecord(tag)
}

/** Some hundred KB an answer. */
const PAGE = 500
