import { configKey, publisherKey, rangeKey, tombstoneKey, witnessKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import { isSettingsOf } from '../core/name-layouts.ts'
import { parseRangeClaim, printRangeClaim, type RangeClaim, rangeClaimOf } from '../core/range-claim.ts'
import type { Tag } from '../core/tag.ts'
import { printTagRecord } from '../core/tag-record.ts'
import type { SharedView } from '../core/tag-sync-plan.ts'
import { parseTombstone, printTombstone, type Tombstone } from '../core/tombstone.ts'
import type { Compare, CoordinatedKeys, CoordinatorTransaction, Entry } from '../ports/coordinator.ts'
import type { WitnessChange } from './close-witness.ts'
import { parseWitness } from './segment-witness.ts'

/** What the coordinator has of a tag's name, read in one transaction. */
export interface NameReading {
  readonly path: string
  readonly config: Entry | undefined
  readonly publisher: Entry | undefined
  readonly claim: Entry | undefined
  readonly tombstone: Entry | undefined
}

/**
 * The keys of a tag's name in the coordinator, and the transactions on them. Each compares what was read: undefined or
 * false means that somebody changed it since, and the caller reads again.
 */
export class SharedNames {
  readonly #coordinator: CoordinatedKeys
  readonly #database: string

  /** `database` names the one this process uses, the same in every process that uses it and in no other. */
  constructor(coordinator: CoordinatedKeys, database: string) {
    this.#coordinator = coordinator
    this.#database = database
  }

  /** The same names, asked for and written by way of `coordinator`. */
  through(coordinator: CoordinatedKeys): SharedNames {
    return new SharedNames(coordinator, this.#database)
  }

  async read(path: string): Promise<NameReading> {
    const keys = [configKey(path), publisherKey(path), rangeKey(path), tombstoneKey(path)] as const
    const { entries } = await this.#coordinator.transact({ compare: [], change: [], read: keys })
    const [config, publisher, claim, tombstone] = keys.map((key) => entries.get(key))
    return { path, config, publisher, claim, tombstone }
  }

  /** Whether the deletion of the tag with this generation began. */
  async isClosed(generation: string): Promise<boolean> {
    const entry = await this.#coordinator.get(witnessKey(generation, 0))
    return entry !== undefined && parseWitness(entry.value).closed === true
  }

  viewOf(reading: NameReading, closed: boolean): SharedView {
    const { config, publisher, claim, tombstone } = reading
    const edited = publisher?.modRevision !== config?.modRevision
    const own = publisher?.value === this.#database && !edited
    return { config, own, edited, claim: claim?.value, tombstone: tombstone?.value, closed }
  }

  /**
   * Writes the tag, and its claim, and what its witness must say from then on (app/known-reach.ts).
   * @returns the revision it is published at
   */
  async publish(
    reading: NameReading,
    tag: Tag,
    { compare, change }: WitnessChange = { compare: [], change: [] },
  ): Promise<number | undefined> {
    const { path } = reading
    return await this.#change({
      compare: [
        { key: configKey(path), modRevision: reading.config?.modRevision ?? 0 },
        ...unchanged(reading),
        ...compare,
      ],
      change: [
        { put: configKey(path), value: printTagRecord(tag) },
        { put: publisherKey(path), value: this.#database },
        ...claimed(reading, printRangeClaim(rangeClaimOf(tag))),
        ...change,
      ],
    })
  }

  /** Makes the claim, or makes one that is there newer, so that whoever made it cannot take it back any more. */
  async claim(reading: NameReading, claim: RangeClaim): Promise<NameReading | undefined> {
    const key = rangeKey(reading.path)
    const { succeeded, entries } = await this.#coordinator.transact({
      compare: [
        { key, modRevision: reading.claim?.modRevision ?? 0 },
        { key: configKey(reading.path), modRevision: reading.config?.modRevision ?? 0 },
        ...unchanged(reading),
      ],
      change: [{ put: key, value: printRangeClaim(claim) }],
      read: [key],
    })
    return succeeded ? { ...reading, claim: entries.get(key) } : undefined
  }

  /**
   * Takes back a claim that led to no tag, unless somebody else relies on it by now. Only for who made it: whoever made
   * one newer that was there does not know who else relies on it. Settings of its generation are relied on: whoever saw them
   * counts on a tag. One try: a claim that stays is only in the way of other number spaces.
   */
  async unclaim({ path, claim }: NameReading): Promise<void> {
    const parsed = claim && parseRangeClaim(claim.value)
    if (claim === undefined || parsed === undefined) return
    const key = rangeKey(path)
    const config = await this.#coordinator.get(configKey(path))
    if (isSettingsOf(config?.value, parsed)) return
    await this.#change({
      compare: [
        { key, modRevision: claim.modRevision },
        { key: configKey(path), modRevision: config?.modRevision ?? 0 },
      ],
      change: [{ delete: key }],
    })
  }

  /** Takes the configuration key away; with `grave` the claim as well, and a tombstone is left. */
  async remove(reading: NameReading, grave: Tombstone | undefined): Promise<number | undefined> {
    const { path, config } = reading
    const key = configKey(path)
    return await this.#change({
      compare: [{ key, modRevision: config?.modRevision ?? 0 }, ...unchanged(reading)],
      change: [{ delete: key }, { delete: publisherKey(path) }, ...buried(path, grave)],
    })
  }

  /** Ends the tag's name: the claim and the configuration key go, the tombstone stays. */
  async bury(reading: NameReading, tag: Tag, highWater: number): Promise<boolean> {
    const { path } = reading
    const grave = { generation: tag.generation, highWater }
    const owns = reading.claim?.value === printRangeClaim(rangeClaimOf(tag))
    // Where another tag owns the name its keys stay; the tombstone still keeps our numbers from being used again.
    const change = owns
      ? [{ delete: configKey(path) }, { delete: publisherKey(path) }, ...buried(path, grave)]
      : [{ put: tombstoneKey(path), value: printTombstone(grave) }]
    return (await this.#change({ compare: unchanged(reading), change })) !== undefined
  }

  /** Raises the high water of the name's tombstone, which is left where there is none. One try; never lowers it. */
  async raiseTombstone(path: string, grave: Tombstone): Promise<void> {
    const key = tombstoneKey(path)
    const present = await this.#coordinator.get(key)
    const known = present === undefined ? undefined : parseTombstone(present.value)
    // One that cannot be read is told of by whoever needs it.
    if (present !== undefined && (known === undefined || known.highWater >= grave.highWater)) return
    // Which tag was deleted last, etcd knows better: a database sees its own deletions only.
    const value = printTombstone({ ...grave, ...(known && { generation: known.generation }) })
    await this.#change({ compare: [same(key, present)], change: [{ put: key, value }] })
  }

  async #change(transaction: CoordinatorTransaction): Promise<number | undefined> {
    const { succeeded, revision } = await this.#coordinator.transact(transaction)
    return succeeded ? revision : undefined
  }
}

/** First number above all that deleted tags of the name were granted. @throws IDGEN_SPACE_MISMATCH */
export function buriedHighWater({ path, tombstone }: NameReading): number {
  if (tombstone === undefined) return 0
  const parsed = parseTombstone(tombstone.value)
  if (parsed === undefined) throw unreadable(path, 'tombstone')
  return parsed.highWater
}

export function unreadable(path: string, what: 'claim' | 'tombstone'): IdgenError {
  return new IdgenError(
    'IDGEN_SPACE_MISMATCH',
    `The ${what} of ${path} in etcd cannot be read, so nobody can say which numbers are free: put it right first.`,
  )
}

/** After too many transactions that were lost to others. */
export function busy(path: string): IdgenError {
  return new IdgenError(
    'IDGEN_COORDINATION_UNAVAILABLE',
    `${path} is being changed by others again and again; try again.`,
    { retryAfterMs: 1000 },
  )
}

/** By value: a restored coordinator counts revisions again. */
function unchanged({ path, claim, tombstone }: NameReading): Compare[] {
  return [same(rangeKey(path), claim), same(tombstoneKey(path), tombstone)]
}

function same(key: string, entry: Entry | undefined): Compare {
  return entry === undefined ? { key, createRevision: 0 } : { key, value: entry.value }
}

function claimed({ path, claim }: NameReading, value: string): { put: string; value: string }[] {
  return claim?.value === value ? [] : [{ put: rangeKey(path), value }]
}

function buried(path: string, grave: Tombstone | undefined) {
  if (grave === undefined) return []
  return [{ delete: rangeKey(path) }, { put: tombstoneKey(path), value: printTombstone(grave) }]
}

/** `w/g/t` of a key below `prefix`. */
export function pathOfKey(key: string, prefix: string): string {
  return key.slice(prefix.length)
}
