import { type RowResult, rowResult } from '../core/row-result.ts'
import type { Tag } from '../core/tag.ts'
import type {
  CatalogStore,
  Group,
  SharedTag,
  TagGrave,
  TagImport,
  TagPublication,
  TagRef,
  TagRemains,
} from '../ports/catalog-store.ts'
import type { Publishing, TagBatchStore } from '../ports/tag-batch.ts'
import type { AskTogether, Gathering } from './gathering.ts'
import { PassThroughCatalog } from './pass-through-catalog.ts'
import { paired, sideBySide } from './row-batch.ts'
import { Turns } from './turns.ts'

export interface GatheredCatalogOptions {
  readonly catalog: CatalogStore
  readonly batch: TagBatchStore
  readonly gathering: Gathering
}

/**
 * The database's catalogue as the rows of a batch see it: what they look up, and what they note as published, goes in one
 * statement for all of them.
 */
export class GatheredCatalog extends PassThroughCatalog {
  readonly #group: (ref: GroupRef) => Promise<Group | undefined>
  readonly #tag: (ref: TagRef) => Promise<Tag | undefined>
  readonly #remains: (ref: TagRef) => Promise<TagRemains>
  readonly #publication: (ref: TagRef) => Promise<TagPublication | undefined>
  readonly #mark: (publishing: Publishing) => Promise<void>
  readonly #turns = new Turns(ALONE_MAX)

  constructor({ catalog, batch, gathering }: GatheredCatalogOptions) {
    super(catalog)
    this.#group = gathering.desk((refs) => groupsOf(catalog, refs))
    this.#tag = gathering.desk(answers((refs) => batch.findTags(refs)))
    this.#remains = gathering.desk(answers((refs) => batch.findRemains(refs)))
    this.#publication = gathering.desk(answers((refs) => batch.findPublications(refs)))
    this.#mark = gathering.desk(
      answers(async (tags) => {
        await batch.markPublished(tags)
        return tags.map(() => undefined)
      }),
    )
  }

  override findGroup(workspace: string, name: string): Promise<Group | undefined> {
    return this.#group({ workspace, name })
  }

  override findTag(ref: TagRef): Promise<Tag | undefined> {
    return this.#tag(ref)
  }

  override findRemains(ref: TagRef): Promise<TagRemains> {
    return this.#remains(ref)
  }

  override findPublication(ref: TagRef): Promise<TagPublication | undefined> {
    return this.#publication(ref)
  }

  override markPublished(tag: Publishing['tag'], revision: number): Promise<void> {
    return this.#mark({ tag, revision })
  }

  // Each is a transaction of its own that waits for the catalogue's revision, as all do.
  override importTag(tag: SharedTag, revision: number): Promise<TagImport | undefined> {
    return this.#turns.run(() => super.importTag(tag, revision))
  }

  override deleteTag(
    ref: TagRef,
    ifVersion: number | undefined,
    grave?: TagGrave,
    owner?: string,
  ): Promise<void> {
    return this.#turns.run(() => super.deleteTag(ref, ifVersion, grave, owner))
  }
}

/** Connections that a batch may have at once: few enough to leave some for requests in flight. */
const ALONE_MAX = 8

interface GroupRef {
  readonly workspace: string
  readonly name: string
}

/** Many tags are in few groups. */
async function groupsOf(
  catalog: CatalogStore,
  refs: readonly GroupRef[],
): Promise<readonly RowResult<Group | undefined>[]> {
  const asked = [...new Map(refs.map((ref) => [pathOf(ref), ref]))]
  const found = await sideBySide(asked, ([, { workspace, name }]) => catalog.findGroup(workspace, name))
  const groups = new Map(paired(asked, found).map(({ row: [path], result }) => [path, result]))
  return refs.map((ref) => groups.get(pathOf(ref)) ?? { value: undefined })
}

function pathOf({ workspace, name }: GroupRef): string {
  return `${workspace}/${name}`
}

function answers<Q, A>(ask: (questions: readonly Q[]) => Promise<readonly A[]>): AskTogether<Q, A> {
  return async (questions) => (await ask(questions)).map((answer) => rowResult(() => answer))
}
