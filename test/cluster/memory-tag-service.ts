import type {
  Declaration,
  DeclareAnswer,
  DeclaredTag,
  TagOwner,
  TagPath,
} from '../../operator/core/biz-tag-declaration.ts'
import { pathText } from '../../operator/core/biz-tag-declaration.ts'
import { tagSettings } from '../../operator/core/tag-settings.ts'
import { type DeclaredPage, ServiceError, type TagKey } from '../../operator/reconcile/service-client.ts'
import type { ClosableClient } from '../../operator/reconcile/service-client-pool.ts'

interface KeptTag {
  readonly path: TagPath
  readonly id: number
  readonly cellSize: number
  chain: readonly string[]
  settings: string
  owner: TagOwner | undefined
  generation: number
  highWater: number
  /** How far its log of allocations knows that numbers were granted and returned. */
  loggedTo: number
}

const STEP = { base: 1000, min: 100, max: 1_000_000 }
const CHAIN = ['segment', 'snowflake', 'uuid-v7', 'uuid-v4']

/** A service that keeps everything in memory, by the rules of the real one: both pass tag-service.contract.ts. */
export class MemoryTagService implements ClosableClient {
  readonly tags = new Map<string, KeptTag>()
  readonly keys = new Map<string, TagKey>()
  readonly revoked = new Set<string>()
  /** Calls as "declare shop/orders/invoice", in the order of coming. */
  readonly calls: string[] = []
  /** Throws, or waits, to stand in for a service that is unwell. */
  before: (call: string, signal: AbortSignal) => void | Promise<void> = () => {}
  readonly #over = new Set<string>()
  readonly #tombstones = new Map<string, number>()
  #nextId = 1

  async declare(path: TagPath, wanted: Declaration, signal: AbortSignal): Promise<DeclareAnswer> {
    const text = await this.#call('declare', pathText(path), signal)
    const { spec } = wanted
    if ((spec.step?.min ?? 1) > (spec.step?.max ?? Number.MAX_SAFE_INTEGER))
      throw failure(400, 'IDGEN_REQUEST_INVALID', 'step.min must not be above step.max.')
    const known = this.tags.get(text)
    settle(text, known, wanted, this.#over.has(wanted.owner.uid))
    if (known !== undefined && (spec.space?.cellSize ?? known.cellSize) !== known.cellSize)
      throw failure(409, 'IDGEN_IMMUTABLE', 'space.cellSize is fixed.')
    const { displayName = '', algorithm = 'segment', step = {} } = spec
    const chain = spec.chain ?? CHAIN.slice(CHAIN.indexOf(algorithm))
    const settings = tagSettings({ displayName, chain, step: { ...STEP, ...step } })
    const tag = known ?? this.#make(path, text, wanted)
    const changed =
      tag.owner?.uid !== wanted.owner.uid || tag.generation !== wanted.generation || tag.settings !== settings
    this.#endKeys(({ within, declaredBy }) => within === text && declaredBy !== wanted.owner.uid)
    Object.assign(tag, { owner: wanted.owner, generation: wanted.generation, settings })
    tag.chain = chain
    const floor = Number(wanted.floors?.['0'] ?? 0)
    const advanced = floor > Math.max(tag.highWater, tag.loggedTo) ? [0] : []
    if (advanced.length > 0) tag.highWater = floor
    return { ...shown(tag), created: known === undefined, changed, advanced }
  }

  async find(path: TagPath, signal: AbortSignal): Promise<DeclaredTag | undefined> {
    const tag = this.tags.get(await this.#call('find', pathText(path), signal))
    return tag === undefined ? undefined : shown(tag)
  }

  async release(path: TagPath, uid: string, policy: 'retain' | 'purge', signal: AbortSignal): Promise<void> {
    const text = await this.#call(policy, pathText(path), signal)
    const tag = this.tags.get(text)
    if (tag?.owner === undefined) return
    if (tag.owner.uid !== uid) throw claimed(text, tag.owner)
    this.#over.add(uid)
    this.#endKeys((key) => key.declaredBy === uid)
    tag.owner = undefined
    if (policy === 'retain') return
    this.tags.delete(text)
    this.#tombstones.set(text, tag.highWater)
  }

  async list(
    cluster: string,
    { limit, cursor = '' }: { readonly limit: number; readonly cursor?: string },
    signal: AbortSignal,
  ): Promise<DeclaredPage> {
    await this.#call('list', cluster, signal)
    const all = [...this.tags].filter(([text, { owner }]) => owner?.cluster === cluster && text > cursor)
    const page = all.toSorted(([a], [b]) => (a < b ? -1 : 1)).slice(0, limit)
    return {
      items: page.map(([, tag]) => shown(tag)),
      nextCursor: all.length > limit ? page.at(-1)?.[0] : undefined,
    }
  }

  async putKey(id: string, key: TagKey, signal: AbortSignal): Promise<void> {
    await this.#call('putKey', id, signal)
    if (this.revoked.has(id)) throw failure(409, 'IDGEN_KEY_REVOKED', `The key ${id} was revoked.`)
    if (this.tags.get(key.within)?.owner?.uid !== key.declaredBy)
      throw failure(412, 'IDGEN_DECLARATION_STALE', `${key.declaredBy} does not declare ${key.within} now.`)
    this.keys.set(id, key)
  }

  async revokeKey(id: string, signal: AbortSignal): Promise<void> {
    await this.#call('revokeKey', id, signal)
    if (this.keys.delete(id)) this.revoked.add(id)
  }

  close(): void {}

  /** As if that many IDs had been given out. */
  grant(path: string, numbers: number): void {
    const tag = this.tags.get(path)
    if (tag !== undefined) tag.highWater += numbers
  }

  /** As if the processes that had been granted the last numbers had stopped. */
  giveBack(path: string, numbers: number): void {
    const tag = this.tags.get(path)
    if (tag === undefined) return
    tag.loggedTo = Math.max(tag.loggedTo, tag.highWater)
    tag.highWater -= numbers
  }

  #endKeys(which: (key: TagKey) => boolean): void {
    for (const [id, key] of this.keys) if (which(key) && this.keys.delete(id)) this.revoked.add(id)
  }

  async #call(method: string, about: string, signal: AbortSignal): Promise<string> {
    this.calls.push(`${method} ${about}`)
    await this.before(`${method} ${about}`, signal)
    signal.throwIfAborted()
    return about
  }

  #make(path: TagPath, text: string, { spec, owner, generation }: Declaration): KeptTag {
    const highWater = Math.max(this.#tombstones.get(text) ?? 0, spec.space?.startAt ?? 1)
    const cellSize = spec.space?.cellSize ?? 2 ** 32
    const id = this.#nextId
    this.#nextId += 1
    const tag = { path, id, cellSize, chain: CHAIN, settings: '', owner, generation, highWater, loggedTo: 0 }
    this.tags.set(text, tag)
    return tag
  }
}

function settle(
  text: string,
  known: KeptTag | undefined,
  { owner, generation, takeOverFrom }: Declaration,
  over: boolean,
): void {
  const recorded = known?.owner
  if (recorded?.uid === owner.uid) {
    if (generation >= (known?.generation ?? 0)) return
    throw failure(412, 'IDGEN_DECLARATION_STALE', `Generation ${known?.generation} was taken before.`)
  }
  if (over) throw failure(412, 'IDGEN_DECLARATION_STALE', 'It has given its declaration up.')
  if (recorded === undefined || recorded.uid === takeOverFrom) return
  const same =
    recorded.cluster === owner.cluster &&
    recorded.namespace === owner.namespace &&
    recorded.name === owner.name
  if (!same) throw claimed(text, recorded)
  if (owner.createdAt < recorded.createdAt)
    throw failure(412, 'IDGEN_DECLARATION_STALE', 'It was made again since.')
}

function claimed(text: string, { namespace, name }: TagOwner): ServiceError {
  return failure(409, 'IDGEN_TAG_CLAIMED', `The tag ${text} is declared by BizTag ${namespace}/${name}.`)
}

/** What a service answers that refuses. */
export function failure(status: number, code: string, detail: string, retryAfterMs?: number): ServiceError {
  return new ServiceError('memory', { status, code, detail, retryable: status >= 500, retryAfterMs })
}

/** What comes of a service that is not there. */
export function noAnswer(): ServiceError {
  return ServiceError.noAnswer('memory', new Error('connect ECONNREFUSED'))
}

function shown({ path, id, owner, generation, chain, settings, highWater, cellSize }: KeptTag): DeclaredTag {
  const place = {
    dc: 0,
    rangeStart: '1',
    rangeEnd: String(cellSize + 1),
    highWater: String(highWater),
    usedShare: highWater / cellSize,
  }
  return {
    path,
    id: String(id),
    owner,
    generation: owner === undefined ? undefined : generation,
    chain,
    settings,
    datacenters: chain.includes('segment') ? [place] : [],
  }
}
