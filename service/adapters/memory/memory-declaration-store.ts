import { settleDeclaration, tagClaimed, type WantedDeclaration } from '../../core/declaration.ts'
import { IdgenError } from '../../core/errors.ts'
import { type Tag, tagPath } from '../../core/tag.ts'
import type { Page, PageRequest, TagChange, TagRef } from '../../ports/catalog-store.ts'
import type {
  DeclarationStore,
  DeclaredChange,
  DeclaredTag,
  ForgottenDeclaration,
  ReleasedDeclaration,
} from '../../ports/declaration-store.ts'
import type { MemoryCatalog } from './memory-catalog.ts'
import { pageOf } from './memory-page.ts'

export class MemoryDeclarationStore implements DeclarationStore {
  readonly #catalog: MemoryCatalog

  constructor(catalog: MemoryCatalog) {
    this.#catalog = catalog
  }

  async find(ref: TagRef): Promise<DeclaredTag | undefined> {
    const tag = this.#catalog.tags.get(tagPath(ref))
    return tag === undefined ? undefined : this.#declared(tag)
  }

  async list(cluster: string | undefined, page: PageRequest): Promise<Page<DeclaredTag>> {
    const declared = [...this.#catalog.tags.values()]
      .map((tag) => this.#declared(tag))
      .filter(({ declaration }) => declaration !== undefined)
      .filter(({ declaration }) => cluster === undefined || declaration?.owner.cluster === cluster)
    return pageOf(declared, page, ({ tag }) => tagPath(tag))
  }

  async isOver(uid: string): Promise<boolean> {
    return this.#catalog.releasedOwners.has(uid)
  }

  async remembersGrant(tagId: number, dc: number, end: number): Promise<boolean> {
    return (this.#catalog.segments.get(tagId)?.get(dc)?.grantedTo ?? 0) >= end
  }

  async declare(
    ref: TagRef,
    generation: string,
    wanted: WantedDeclaration,
    change: TagChange | undefined,
  ): Promise<DeclaredChange> {
    const before = this.#required(ref)
    if (before.generation !== generation || this.#catalog.deletions.has(before.id)) throw notFound(ref)
    const declaredBefore = this.#catalog.declarations.get(before.id)
    const over = this.#catalog.releasedOwners.has(wanted.owner.uid)
    const { owner, generation: counted } = wanted
    const path = tagPath(ref)
    const taken = settleDeclaration(path, { declaration: declaredBefore, over }, wanted)
    if (taken) this.#catalog.declarations.set(before.id, { owner: { ...owner }, generation: counted })
    const endedKeys = taken ? this.#catalog.endKeysOfOthers(path, owner.uid) : []
    const after = change === undefined ? before : this.#catalog.changeTag(before, change)
    return { before, after, declaredBefore, endedKeys }
  }

  async release(ref: TagRef, uid: string): Promise<ReleasedDeclaration | undefined> {
    const tag = this.#catalog.tags.get(tagPath(ref))
    const declaration = tag && this.#catalog.declarations.get(tag.id)
    if (tag === undefined || declaration === undefined) return undefined
    if (declaration.owner.uid !== uid) throw tagClaimed(tagPath(ref), declaration.owner)
    this.#catalog.declarations.delete(tag.id)
    this.#catalog.releasedOwners.set(uid, tag.id)
    return { declaration, endedKeys: this.#catalog.endKeysOf(uid) }
  }

  async end(uid: string): Promise<void> {
    if (!this.#catalog.releasedOwners.has(uid)) this.#catalog.releasedOwners.set(uid, undefined)
    this.#catalog.endKeysOf(uid)
  }

  async forget(ref: TagRef): Promise<ForgottenDeclaration> {
    const tag = this.#required(ref)
    const declaration = this.#catalog.declarations.get(tag.id)
    this.#catalog.declarations.delete(tag.id)
    for (const [uid, tagId] of this.#catalog.releasedOwners)
      if (tagId === tag.id) this.#catalog.releasedOwners.delete(uid)
    const valid = this.#catalog.validDeclaredKeys((key) => key.within === tagPath(ref))
    return { declaration, validKeys: valid.map(({ id }) => id).sort() }
  }

  #declared(tag: Tag): DeclaredTag {
    const places = [...(this.#catalog.segments.get(tag.id) ?? [])]
      .map(([dc, { cell, nextValue }]) => ({ dc, cell, nextValue }))
      .sort((a, b) => a.dc - b.dc)
    return { tag, declaration: this.#catalog.declarations.get(tag.id), places }
  }

  #required(ref: TagRef): Tag {
    const tag = this.#catalog.tags.get(tagPath(ref))
    if (tag === undefined) throw notFound(ref)
    return tag
  }
}

function notFound(ref: TagRef): IdgenError {
  return new IdgenError('IDGEN_TAG_NOT_FOUND', `There is no ${tagPath(ref)}.`)
}
