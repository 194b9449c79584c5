import { IdgenError } from './errors.ts'

/** The object that says what a tag should be: a BizTag of some Kubernetes cluster. */
export interface TagOwner {
  /** Names the cluster for ever: the uid of its namespace kube-system. */
  readonly cluster: string
  readonly namespace: string
  readonly name: string
  /** Another one when the object was deleted and made again. */
  readonly uid: string
  /** When this object was made, by its cluster's clock. */
  readonly createdAt: Date
}

/** What is recorded of a tag's declaration. */
export interface Declaration {
  readonly owner: TagOwner
  /** Of the object's spec, as last taken; it only rises. */
  readonly generation: number
}

/** What somebody asks to be recorded. */
export interface WantedDeclaration extends Declaration {
  /** Uid of the recorded owner that is known to be gone. */
  readonly takeOverFrom?: string | undefined
}

/** What a store knows when it decides. */
export interface RecordedDeclaration {
  /** In force; undefined: nobody declares the tag. */
  readonly declaration: Declaration | undefined
  /** The object with the uid of `wanted` gave a declaration up. */
  readonly over: boolean
}

/**
 * Whether `wanted` changes the record: false for a repeat. The order of speakers makes sure that one who was paused, or
 * has lost the lead, cannot undo what a newer one did:
 *
 *     same object                     by generation
 *     same name, made again           by creation time
 *     another object                  only by naming the recorded one as gone
 *
 * @throws IDGEN_DECLARATION_STALE, IDGEN_TAG_CLAIMED; then nothing may be written
 */
export function settleDeclaration(
  path: string,
  { declaration: recorded, over }: RecordedDeclaration,
  wanted: WantedDeclaration,
): boolean {
  if (recorded?.owner.uid === wanted.owner.uid) {
    if (wanted.generation >= recorded.generation) return wanted.generation > recorded.generation
    throw stale(
      path,
      `generation ${recorded.generation} of ${ownerText(recorded.owner)} was taken before, and this is ${wanted.generation}`,
    )
  }
  if (over)
    throw stale(path, `${ownerText(wanted.owner)} has given its declaration up: the object was deleted`)
  if (recorded === undefined || recorded.owner.uid === wanted.takeOverFrom) return true
  if (!sameName(recorded.owner, wanted.owner)) throw tagClaimed(path, recorded.owner)
  if (wanted.owner.createdAt.getTime() >= recorded.owner.createdAt.getTime()) return true
  throw stale(path, `the object was made again since: ${ownerText(recorded.owner)} is newer`)
}

/**
 * A declared tag is deleted by the object that declares it, named by its uid, and by nobody else.
 * @throws IDGEN_TAG_DECLARED, IDGEN_TAG_CLAIMED, IDGEN_DECLARATION_STALE
 */
export function refuseDeletion(
  path: string,
  declaration: Declaration | undefined,
  uid: string | undefined,
): void {
  if (declaration?.owner.uid === uid) return
  if (declaration === undefined) throw stale(path, `the object with the uid ${uid} does not declare it now`)
  throw uid === undefined ? tagDeclared(path, declaration.owner) : tagClaimed(path, declaration.owner)
}

/** A key that ends with a declaration is taken while that is in force. @throws IDGEN_DECLARATION_STALE */
export function refuseKey(path: string, declaration: Declaration | undefined, uid: string): void {
  if (declaration?.owner.uid !== uid)
    throw stale(path, `the object with the uid ${uid} does not declare it now, so no key is made for it`)
}

/** As errors and the audit log name it. */
export function ownerText({ cluster, namespace, name, uid }: TagOwner): string {
  return `BizTag ${namespace}/${name} (uid ${uid}, cluster ${cluster})`
}

export function tagClaimed(path: string, owner: TagOwner): IdgenError {
  return new IdgenError(
    'IDGEN_TAG_CLAIMED',
    `The tag ${path} is declared by ${ownerText(owner)}: use another tag, or delete that object first.`,
  )
}

export function tagDeclared(path: string, owner: TagOwner): IdgenError {
  return new IdgenError(
    'IDGEN_TAG_DECLARED',
    `The tag ${path} is declared by ${ownerText(owner)}: change or delete that object instead.`,
  )
}

function sameName(a: TagOwner, b: TagOwner): boolean {
  return a.cluster === b.cluster && a.namespace === b.namespace && a.name === b.name
}

function stale(path: string, why: string): IdgenError {
  return new IdgenError(
    'IDGEN_DECLARATION_STALE',
    `The declaration of ${path} came too late: ${why}. Nothing was changed; read the object again.`,
  )
}
