import type { BizTagSpecSpace, BizTagSpecStep, BizTagStatus } from '../api/generated/biz-tag.ts'
import type { IdGeneratorSpecDefaults } from '../api/generated/id-generator.ts'
import type { BizTag } from '../api/kinds.ts'
import type { TagSettings } from './tag-settings.ts'

export interface TagPath {
  readonly workspace: string
  readonly group: string
  readonly tag: string
}

/** What names a BizTag in the service, in its database for ever. */
export interface TagOwner {
  /** uid of the namespace kube-system. */
  readonly cluster: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly createdAt: string
}

/** "This BizTag, in this generation, wants the tag to be so." The service takes no older one after a newer one. */
export interface Declaration {
  readonly owner: TagOwner
  readonly generation: number
  /** The recorded owner, when it is known to be gone. */
  readonly takeOverFrom?: string
  readonly spec: DeclaredSpec
  /** Data centre -> a number below which everything was granted, as last seen: a restored database is behind it. */
  readonly floors?: Readonly<Record<string, string>>
}

/** What is left out has the service's default. */
export interface DeclaredSpec {
  readonly displayName?: string
  readonly algorithm?: string
  readonly chain?: readonly string[]
  readonly step?: BizTagSpecStep
  readonly space?: BizTagSpecSpace
}

/** A tag as the service has it. Numbers of any size are decimal texts. */
export interface DeclaredTag {
  readonly path: TagPath
  readonly id: string
  readonly owner: TagOwner | undefined
  readonly generation: number | undefined
  readonly chain: readonly string[]
  readonly settings: TagSettings
  readonly datacenters: readonly DatacenterState[]
}

export interface DatacenterState {
  readonly dc: number
  readonly rangeStart: string
  readonly rangeEnd: string
  /** The first number that was not granted yet. */
  readonly highWater: string
  /** 0 to 1, of all numbers that the data centre owns. */
  readonly usedShare: number
}

/** What a declaration did. */
export interface DeclareAnswer extends DeclaredTag {
  readonly created: boolean
  readonly changed: boolean
  /** Data centres that were behind the floors, and no longer are. */
  readonly advanced: readonly number[]
}

export function pathOf({ spec: { workspace, group, tag } }: BizTag): TagPath {
  return { workspace, group, tag }
}

export function pathText({ workspace, group, tag }: TagPath): string {
  return `${workspace}/${group}/${tag}`
}

export function declarationOf(
  tag: BizTag,
  defaults: IdGeneratorSpecDefaults | undefined,
  cluster: string,
): Declaration {
  const { name, namespace = '', uid, creationTimestamp = '', generation = 1 } = tag.metadata
  const floors = floorsOf(tag.status)
  return {
    owner: { cluster, namespace, name, uid, createdAt: creationTimestamp },
    generation,
    spec: declaredSpec(tag, defaults),
    ...(floors === undefined ? {} : { floors }),
  }
}

/**
 * The IdGenerator's defaults are for numbers: its chain may end with UUIDs, which have no format, and its step may be more
 * than a date has. Of a tag with a format the service knows what fits.
 */
function declaredSpec({ spec }: BizTag, defaults: IdGeneratorSpecDefaults | undefined): DeclaredSpec {
  const { displayName, space } = spec
  const isOwnChoice = spec.algorithm !== undefined || spec.chain !== undefined || space?.format !== undefined
  // Whole: a lower bound of the one beside an upper bound of the other may make no sense.
  const step = spec.step ?? (space?.format?.reset === undefined ? defaults?.step : undefined)
  return {
    ...(displayName === undefined ? {} : { displayName }),
    ...choice(isOwnChoice ? spec : defaults),
    ...(step === undefined ? {} : { step }),
    ...(space === undefined ? {} : { space }),
  }
}

function choice(
  from: Pick<IdGeneratorSpecDefaults, 'algorithm' | 'chain'> | undefined,
): Pick<DeclaredSpec, 'algorithm' | 'chain'> {
  if (from?.chain !== undefined) return { chain: from.chain }
  return from?.algorithm === undefined ? {} : { algorithm: from.algorithm }
}

function floorsOf(status: BizTagStatus | undefined): Record<string, string> | undefined {
  const known = (status?.datacenters ?? []).flatMap(({ id, highWater }) =>
    highWater === undefined ? [] : [[String(id), highWater] as const],
  )
  return known.length === 0 ? undefined : Object.fromEntries(known)
}
