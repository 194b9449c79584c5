import { IdgenError } from '../core/errors.ts'
import type { SegmentBuffer, SegmentCounters } from '../core/segment-buffer.ts'
import { checkName, type Tag } from '../core/tag.ts'
import type { CatalogStore, TagPublication, TagRef } from '../ports/catalog-store.ts'
import { LOOK_UP_DEADLINE_MS, LOOK_UPS_MAX, tooManyLookUps, withinDeadline } from './deadline.ts'
import { LiveTag, type LiveTagOptions } from './live-tag.ts'
import { Turns } from './turns.ts'

export interface TagDirectoryOptions {
  readonly catalog: CatalogStore
  readonly live: LiveTagOptions
  /** Tags served at once by this process; beyond it one that was not used lately is dropped. */
  readonly maxTags: number
  /** Called when a loaded tag was changed or is served no more: what was lent of it is to be dropped. */
  readonly onChange?: (path: string) => void
}

/**
 * The tags this process serves, by path. Loaded on first use, refreshed when the catalogue changes,
 * dropped when deleted. A Map keeps insertion order, so a walk from its start with a second chance for the
 * tags used since the last walk (the CLOCK algorithm) finds one to drop without a write per request.
 */
export class TagDirectory {
  readonly #options: TagDirectoryOptions
  readonly #tags = new Map<string, LiveTag>()
  readonly #loading = new Map<string, Promise<LiveTag>>()
  readonly #turns = new Turns(LOOK_UPS_MAX)
  readonly #gone = { switches: 0, switchesReady: 0, refills: 0, refusals: 0 }

  constructor(options: TagDirectoryOptions) {
    this.#options = options
  }

  /** The tag at `w/g/t` if it is loaded: one map look-up. */
  peek(path: string): LiveTag | undefined {
    return this.#tags.get(path)
  }

  /** @throws IDGEN_TAG_NOT_FOUND, IDGEN_NAME_INVALID, IDGEN_STORE_UNAVAILABLE */
  async resolve(path: string): Promise<LiveTag> {
    const loaded = this.#tags.get(path)
    if (loaded !== undefined) return loaded
    // One look-up per path at a time, so that a burst on a new tag makes one LiveTag, not one per caller.
    const flying = this.#loading.get(path)
    if (flying === undefined && this.#loading.size >= LOADING_MAX)
      throw tooManyLookUps(this.#loading.size, 'tags')
    const { clock } = this.#options.live
    return await withinDeadline(clock, LOOK_UP_DEADLINE_MS, `the tag ${path}`, flying ?? this.#begin(path))
  }

  /** Another database may give the tag's numbers too: none that are in memory go out. Or that is over. */
  hold(path: string, inConflict: boolean): void {
    const buffer = this.#tags.get(path)?.buffer
    if (inConflict) buffer?.hold()
    else buffer?.release()
  }

  all(): Iterable<LiveTag> {
    return this.#tags.values()
  }

  /** What became of the segments of all tags, those too that are served no more: it never becomes less. */
  segmentCounters(): SegmentCounters {
    const sum = { ...this.#gone }
    for (const { buffer } of this.all()) addCounters(sum, buffer)
    return sum
  }

  get size(): number {
    return this.#tags.size
  }

  /** Takes over what the catalogue now says of `path`; does nothing for a tag that is not loaded. */
  async refresh(path: string): Promise<void> {
    // A load that began before the change may still bring what was true then.
    await this.#loading.get(path)?.catch(() => undefined)
    const live = this.#tags.get(path)
    if (live === undefined) return
    const tag = await this.#options.catalog.findTag(parseTagPath(path))
    if (this.#tags.get(path) !== live) return
    // The generation too: a restored database gives ids out again.
    if (tag?.id === live.tag.id && tag.generation === live.tag.generation) this.#changed(live, tag)
    else await this.drop(path, false)
  }

  /** Stops serving the tag at once. */
  async drop(path: string, giveBack: boolean): Promise<void> {
    const live = this.#tags.get(path)
    if (live === undefined) return
    this.#tags.delete(path)
    addCounters(this.#gone, live.buffer)
    this.#options.onChange?.(path)
    await live.retire(giveBack)
  }

  /** At shutdown: stops all tags and returns their unused numbers, a few at a time to spare the pool. */
  async retireAll(): Promise<void> {
    const tags = [...this.#tags.values()]
    this.#tags.clear()
    await Promise.all(
      Array.from({ length: RETIRE_PARALLEL }, async () => {
        for (let tag = tags.pop(); tag !== undefined; tag = tags.pop()) await tag.retire(true)
      }),
    )
  }

  #changed(live: LiveTag, tag: Tag): void {
    live.apply(tag)
    this.#options.onChange?.(live.path)
  }

  /** Under way until the catalogue answers, not until a caller gives up: a second one would make a second LiveTag. */
  #begin(path: string): Promise<LiveTag> {
    const loading = this.#turns.run(() => this.#load(path)).finally(() => this.#loading.delete(path))
    this.#loading.set(path, loading)
    return loading
  }

  async #load(path: string): Promise<LiveTag> {
    const publication = await this.#options.catalog.findPublication(parseTagPath(path))
    if (publication === undefined) {
      throw new IdgenError(
        'IDGEN_TAG_NOT_FOUND',
        `There is no tag ${path}; create it with PUT or POST under /v1/workspaces, or check the spelling.`,
      )
    }
    return this.#add(publication, path)
  }

  #add({ tag, configRevision }: TagPublication, path: string): LiveTag {
    const live = new LiveTag(tag, this.#options.live, configRevision > 0)
    this.#tags.set(path, live)
    if (this.#tags.size > this.#options.maxTags) this.#dropOneUnused(path)
    return live
  }

  #dropOneUnused(keep: string): void {
    // At most two rounds: the first clears every mark, so the second finds a victim.
    for (let round = 0; round < 2; round += 1) {
      for (const [path, live] of this.#tags) {
        // A waiting request must not be told that its tag was deleted.
        if (path === keep || live.waiting > 0) continue
        if (!live.used) {
          void this.drop(path, true)
          return
        }
        live.used = false
      }
    }
  }
}

function addCounters(
  sum: { -readonly [name in keyof SegmentCounters]: number },
  buffer: SegmentBuffer,
): void {
  const { switches, switchesReady, refills, refusals } = buffer.counters()
  sum.switches += switches
  sum.switchesReady += switchesReady
  sum.refills += refills
  sum.refusals += refusals
}

/**
 * Tags looked up or waiting for their turn. A pipeline of a hundred tags after a start must not be told to come back;
 * a thousand wait for a tenth of a second. Beyond that somebody invents names.
 */
const LOADING_MAX = 1000

/** Eight: enough to hide the latency of the store, few enough to leave connections for requests in flight. */
const RETIRE_PARALLEL = 8

/** @throws IDGEN_NAME_INVALID unless it is `workspace/group/tag` with three valid names */
export function parseTagPath(path: string): TagRef {
  const [workspace, group, name, ...rest] = path.split('/')
  if (workspace === undefined || group === undefined || name === undefined || rest.length > 0)
    throw new IdgenError(
      'IDGEN_NAME_INVALID',
      `${JSON.stringify(path.slice(0, 200))} is not a tag: write workspace/group/tag.`,
    )
  return {
    workspace: checkName('workspace', workspace),
    group: checkName('group', group),
    name: checkName('tag', name),
  }
}
