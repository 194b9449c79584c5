import type { ID_GENERATOR } from '../api/kinds.ts'

/** Group, version, kind and path of a kind, as the runtime wants them. */
export type Kind = typeof ID_GENERATOR

/** An object as it is applied, whole: only the fields that are ours. */
export interface RenderedObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: RenderedMetadata
  /** spec, data, rules …, as its kind has them. */
  readonly [field: string]: unknown
}

export interface RenderedMetadata {
  readonly name: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences: readonly RenderedOwner[]
}

export interface RenderedOwner {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller: true
  readonly blockOwnerDeletion: true
}

/** Names an object of the IdGenerator's namespace. */
export interface ObjectReference {
  readonly kind: Kind
  readonly name: string
}
