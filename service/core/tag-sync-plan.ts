import type { FieldFault } from './errors.ts'
import { parseRangeClaim, rangeClaimOf, sameClaim } from './range-claim.ts'
import { shownSpace } from './shown-space.ts'
import { SEGMENT_LIMIT } from './tag.ts'
import { parseTagRecord, sameRecord, sameSpace, type TagRecord } from './tag-record.ts'
import { parseTombstone, type Tombstone } from './tombstone.ts'

/** The tag in the database. */
export interface StoredTag {
  readonly record: TagRecord
  /** Newest revision of the configuration key exchanged with it; 0: none. */
  readonly configRevision: number
  /** The object that declares it, as a text; undefined: nobody does. */
  readonly declaredBy?: string | undefined
  /** Its deletion was begun in this database. */
  readonly deleting?: boolean
}

interface KeyView {
  readonly value: string
  readonly modRevision: number
}

/** What the coordinator has of a tag's name, read at one revision; undefined: no such key. */
export interface SharedView {
  readonly config: KeyView | undefined
  /** This database wrote `config`, and nobody changed it since: it says nothing the database did not know. */
  readonly own: boolean
  /** No database wrote `config`: a person did, or a program that is not idgen. */
  readonly edited: boolean
  readonly claim: string | undefined
  readonly tombstone: string | undefined
  /** The witness of the database's own tag is closed: its deletion began. */
  readonly closed: boolean
}

/** Deleted tags of the name, as this database remembers them. */
export interface Remains {
  readonly highWater: number
  readonly deletedGenerations: readonly string[]
}

/** Why what somebody wrote is not taken in. */
export interface Refusal {
  readonly code: 'IDGEN_CONFIG_INVALID' | 'IDGEN_SPACE_MISMATCH' | 'IDGEN_TAG_DECLARED'
  readonly why: string
  readonly faults: readonly FieldFault[]
}

export type SyncPlan =
  | { readonly kind: 'nothing' }
  /** Both agree; remember up to which revision. */
  | { readonly kind: 'mark'; readonly revision: number }
  /** Write the database's tag, and its claim with it where it is missing or belongs to a deleted tag. */
  | { readonly kind: 'publish'; readonly refusal: Refusal | undefined }
  | { readonly kind: 'import'; readonly record: TagRecord; readonly revision: number }
  /** The database does not have the tag: claim its numbers where nobody did, and make it. */
  | { readonly kind: 'create'; readonly record: TagRecord; readonly revision: number }
  /** This database began to delete its tag: end that, in etcd first. */
  | { readonly kind: 'bury' }
  /** It was deleted as far as etcd goes, by another database or by this one. */
  | { readonly kind: 'delete'; readonly highWater: number }
  /** Nobody has this tag: take the key away. With a grave also the claim, which is a deleted tag's. */
  | { readonly kind: 'remove'; readonly refusal: Refusal; readonly grave: Tombstone | undefined }
  /** Another tag owns the name, or nobody can tell: nothing is written, and no number may be granted. */
  | { readonly kind: 'conflict'; readonly why: string }
  /** The key cannot be taken in, and whoever owns the name will put it right. */
  | { readonly kind: 'ignore'; readonly refusal: Refusal }

/**
 * What to do about one name, as it stands in this database and in the coordinator. The database is the truth about
 * its tag; the coordinator is the truth about whose the name is (the claim) and which tags are deleted (the
 * tombstone). A change of the configuration key counts only above the revision the database knows: what a restored
 * coordinator brings back is older.
 */
export function planTagSync(stored: StoredTag | undefined, view: SharedView, remains: Remains): SyncPlan {
  return stored === undefined ? planUnknown(view, remains) : planStored(stored, view, remains)
}

function planStored(stored: StoredTag, view: SharedView, remains: Remains): SyncPlan {
  const { record } = stored
  if (stored.deleting === true) return planDeletion(record, view)
  const claim = view.claim === undefined ? undefined : parseRangeClaim(view.claim)
  if (view.claim !== undefined && claim === undefined) return conflict('the claim in etcd cannot be read')
  if (claim !== undefined && sameClaim(claim, rangeClaimOf(record))) return planOwner(stored, view)
  if (claim?.generation === record.generation)
    return conflict(`etcd has another number space for it: ${view.claim ?? ''}`)
  const tombstone = view.tombstone === undefined ? undefined : parseTombstone(view.tombstone)
  if (view.tombstone !== undefined && tombstone === undefined)
    return conflict('the tombstone of its name in etcd cannot be read')
  if (tombstone !== undefined && (view.closed || tombstone.generation === record.generation))
    return { kind: 'delete', highWater: tombstone.highWater }
  if (tombstone !== undefined && tombstone.highWater > record.space.startAt)
    return conflict(grantedUpTo(tombstone.highWater))
  if (tombstone !== undefined && record.space.format !== undefined) return conflict(FORMAT_OF_USED_NAME)
  // A claim of a tag that this database knows as deleted came back with a restored coordinator.
  const isOver = claim !== undefined && isBuried(claim.generation, remains)
  if (claim !== undefined && !isOver)
    return conflict(`another database has a tag of this name: generation ${claim.generation}`)
  return { kind: 'publish', refusal: undefined }
}

/** What was begun is carried to its end, whatever else etcd says of the name. */
function planDeletion({ generation }: TagRecord, { tombstone }: SharedView): SyncPlan {
  const buried = tombstone === undefined ? undefined : parseTombstone(tombstone)
  if (buried?.generation !== generation) return { kind: 'bury' }
  return { kind: 'delete', highWater: buried.highWater }
}

/** The claim is this tag's. */
function planOwner(stored: StoredTag, { config, own, edited }: SharedView): SyncPlan {
  const { record, configRevision, declaredBy } = stored
  if (config === undefined) return { kind: 'publish', refusal: undefined }
  const parsed = parseTagRecord(config.value)
  if ('faults' in parsed)
    return refusedPublish('IDGEN_CONFIG_INVALID', 'it is not a valid tag', parsed.faults)
  const given = parsed.record
  if (given.generation !== record.generation || !sameSpace(given.space, record.space))
    return refusedPublish(
      'IDGEN_SPACE_MISMATCH',
      'generation and number space of a tag never change',
      spaceFaults(given, record),
    )
  const isNew = config.modRevision > configRevision
  if (sameRecord(given, record))
    return isNew ? { kind: 'mark', revision: config.modRevision } : { kind: 'nothing' }
  // Settings that another database published are its own object's, or came through its API: they count here as well.
  if (isNew && edited && declaredBy !== undefined)
    return refusedPublish('IDGEN_TAG_DECLARED', `it is declared by ${declaredBy}; change that object`, [])
  if (isNew && !own) return { kind: 'import', record: given, revision: config.modRevision }
  return { kind: 'publish', refusal: undefined }
}

/** The database does not have the tag. */
function planUnknown(view: SharedView, remains: Remains): SyncPlan {
  if (view.config === undefined) return { kind: 'nothing' }
  const claim = view.claim === undefined ? undefined : parseRangeClaim(view.claim)
  // A claim that a restored coordinator brought back, of a tag that this database knows as deleted.
  if (claim !== undefined && isBuried(claim.generation, remains))
    return planOver(claim.generation, view, remains)
  const parsed = parseTagRecord(view.config.value)
  if ('faults' in parsed)
    return refusedKey(view, {
      code: 'IDGEN_CONFIG_INVALID',
      why: 'it is not a valid tag',
      faults: parsed.faults,
    })
  const { record } = parsed
  if (view.claim !== undefined && (claim === undefined || !sameClaim(claim, rangeClaimOf(record))))
    return refusedKey(
      view,
      mismatch('its name is claimed with another generation or number space', spaceFaults(record)),
    )
  const why = isBuried(record.generation, remains) ? 'the tag was deleted' : whyNotNew(record, view, remains)
  return why === undefined
    ? { kind: 'create', record, revision: view.config.modRevision }
    : refusedKey(view, mismatch(why))
}

/** With a claim somebody has the tag and will write it again. */
function refusedKey(view: SharedView, refusal: Refusal): SyncPlan {
  return view.claim === undefined
    ? { kind: 'remove', refusal, grave: undefined }
    : { kind: 'ignore', refusal }
}

/** The claim goes with the key, and a tombstone says so from then on. It never falls below the one that is there. */
function planOver(generation: string, { tombstone }: SharedView, remains: Remains): SyncPlan {
  const refusal = mismatch('the tag was deleted')
  if (tombstone === undefined)
    return { kind: 'remove', refusal, grave: { generation, highWater: remains.highWater } }
  const present = parseTombstone(tombstone)
  if (present === undefined)
    return { kind: 'ignore', refusal: mismatch('the tombstone of its name cannot be read') }
  const highWater = Math.max(present.highWater, remains.highWater)
  return { kind: 'remove', refusal, grave: { generation, highWater } }
}

/** Why the numbers of a tag that is new to this database may not be its own. */
function whyNotNew(record: TagRecord, view: SharedView, remains: Remains): string | undefined {
  const tombstone = view.tombstone === undefined ? undefined : parseTombstone(view.tombstone)
  if (view.tombstone !== undefined && tombstone === undefined)
    return 'the tombstone of its name cannot be read'
  if (tombstone?.generation === record.generation) return 'the tag was deleted'
  // Nothing is claimed under a tombstone above it. So one beside a claim that this database published itself, and forgot, came
  // later, of a rival: what the tag was before, it may be again.
  const wasHere = view.claim !== undefined && view.own
  const grave = wasHere ? undefined : tombstone
  const used = grave !== undefined || remains.deletedGenerations.length > 0
  if (used && record.space.format !== undefined) return FORMAT_OF_USED_NAME
  const high = Math.max(grave?.highWater ?? 0, remains.highWater)
  return high <= record.space.startAt ? undefined : grantedUpTo(high)
}

/** What the high water of deleted tags means for others of their name. */
function grantedUpTo(highWater: number): string {
  return highWater < SEGMENT_LIMIT
    ? `a deleted tag of its name was granted numbers up to ${highWater}`
    : 'a deleted tag of its name had a format or a snowflake layout of its own, so any ID may be one of its'
}

function isBuried(generation: string, { deletedGenerations }: Remains): boolean {
  return deletedGenerations.includes(generation)
}

function conflict(why: string): SyncPlan {
  return { kind: 'conflict', why }
}

function refusedPublish(code: Refusal['code'], why: string, faults: readonly FieldFault[]): SyncPlan {
  return { kind: 'publish', refusal: { code, why, faults } }
}

function mismatch(why: string, faults: readonly FieldFault[] = []): Refusal {
  return { code: 'IDGEN_SPACE_MISMATCH', why, faults }
}

function spaceFaults(given: TagRecord, wanted?: TagRecord): FieldFault[] {
  const faults: FieldFault[] = []
  if (given.generation !== wanted?.generation)
    faults.push({ path: '/generation', message: `must stay ${wanted?.generation ?? 'as it is claimed'}` })
  if (wanted === undefined || !sameSpace(given.space, wanted.space))
    faults.push({
      path: '/space',
      message: `must stay ${wanted === undefined ? 'as it is claimed' : JSON.stringify(shownSpace(wanted.space))}`,
    })
  return faults
}

/** core/used-name.ts says why; here it is met where two databases made tags of one name without knowing of each other. */
const FORMAT_OF_USED_NAME =
  'its name had a tag that was deleted, and how the IDs of a name are written never changes: its texts may be that tag’s'
