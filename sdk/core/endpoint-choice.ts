import { restAfter } from './back-off.ts'

/** Where the service can be asked. */
export interface Endpoint {
  readonly url: string
  /** Its data centre; undefined for an address of which nobody said, a load balancer perhaps. */
  readonly dc: number | undefined
}

interface Rest {
  readonly failures: number
  readonly untilMs: number
}

/**
 * Which endpoint the next request goes to (R-2.2.2, docs/data-centres.md):
 *
 *     1. those of the own data centre, by chance            until none of them answered for 2 s
 *     2. those of no known data centre                      and now and then one of the own is probed:
 *     3. those of the others, in the order of the list      the first that answers brings all calls back
 *
 * An endpoint that failed rests for a while, longer each time; among those of a group that do not rest chance decides.
 * After its rest one request tries it, and all others go on as if it rested until that one is answered: a service that
 * comes back, or does not, must not meet the calls of all tags at once.
 * Time and chance come in as arguments.
 */
export class EndpointChoice {
  readonly #ownDc: number | undefined
  readonly #configured: readonly Endpoint[]
  #groups: readonly (readonly Endpoint[])[]
  /** By url; only of endpoints that failed last, so no larger than their list. */
  readonly #rests = new Map<string, Rest>()
  #ownFailingSinceMs: number | undefined
  #ownAnsweredMs = Number.NEGATIVE_INFINITY
  #away = false
  #probeAtMs = 0

  constructor(configured: readonly Endpoint[], ownDc: number | undefined) {
    this.#configured = configured
    this.#ownDc = ownDc
    this.#groups = groupsOf(configured, ownDc)
  }

  /** The own data centre is left for the moment. */
  get away(): boolean {
    return this.#away
  }

  /** What the service said about its nodes; the configured ones stay, for when all of these are gone. */
  learn(nodes: readonly Endpoint[]): void {
    const known = new Set(nodes.map(({ url }) => url))
    const all = [...nodes, ...this.#configured.filter(({ url }) => !known.has(url))]
    this.#groups = groupsOf(all, this.#ownDc)
    const urls = new Set(all.map(({ url }) => url))
    for (const url of this.#rests.keys()) if (!urls.has(url)) this.#rests.delete(url)
  }

  /** Where to go now, and how long to wait before: 0 unless all that may be asked rest. `not`: better not there. */
  pick(
    nowMs: number,
    random: number,
    not?: string,
  ): { readonly endpoint: Endpoint; readonly waitMs: number } {
    const groups = this.#askedGroups()
    for (const group of groups) {
      const awake = group.filter(({ url }) => this.#restMs(url, nowMs) === 0)
      const preferred = awake.filter(({ url }) => url !== not)
      const endpoint = chosen(preferred.length > 0 ? preferred : awake, random)
      if (endpoint !== undefined) return { endpoint, waitMs: 0 }
    }
    const [first, ...others] = groups.flat()
    if (first === undefined) throw new Error('a client has an endpoint')
    const soonest = others.reduce(
      (best, next) => (this.#restMs(next.url, nowMs) < this.#restMs(best.url, nowMs) ? next : best),
      first,
    )
    return { endpoint: soonest, waitMs: this.#restMs(soonest.url, nowMs) }
  }

  /** One of the own data centre that should be asked whether it is back; at most one in PROBE_MS. */
  probe(nowMs: number, random: number): Endpoint | undefined {
    if (!this.#away || nowMs < this.#probeAtMs) return undefined
    this.#probeAtMs = nowMs + PROBE_MS * (0.5 + random)
    return chosen(this.#own, random)
  }

  /** A request goes to this endpoint now, and ends before `endMs`. */
  began({ url }: Endpoint, endMs: number): void {
    const rest = this.#rests.get(url)
    if (rest !== undefined) this.#rests.set(url, { ...rest, untilMs: endMs })
  }

  /** true: calls that wait may find an endpoint now. */
  succeeded({ url, dc }: Endpoint, nowMs: number): boolean {
    const rested = this.#rests.delete(url)
    if (dc === undefined || dc !== this.#ownDc) return rested
    const wasAway = this.#away
    this.#ownFailingSinceMs = undefined
    this.#ownAnsweredMs = nowMs
    this.#away = false
    return rested || wasAway
  }

  /**
   * `sentMs`: when the request that failed was sent. `rests`: it is the endpoint's fault, not that of a tag.
   * true: calls that wait may find an endpoint now.
   */
  failed(endpoint: Endpoint, sentMs: number, nowMs: number, random: number, cause: FailureCause): boolean {
    const { url, dc } = endpoint
    const wasAway = this.#away
    if (dc !== undefined && dc === this.#ownDc && this.#hasOthers()) this.#ownFailed(sentMs, nowMs, random)
    const left = this.#away !== wasAway
    if (!cause.rests) return this.#rests.delete(url) || left
    const before = this.#rests.get(url)
    const failures = (before?.failures ?? 0) + 1
    const untilMs = nowMs + restAfter(failures, random, cause.retryAfterMs)
    this.#rests.set(url, { failures, untilMs })
    // Those who wait for the end of its trial would sleep on.
    return left || (before !== undefined && untilMs < before.untilMs)
  }

  #ownFailed(sentMs: number, nowMs: number, random: number): void {
    // Another one may have answered while this one did not.
    this.#ownFailingSinceMs ??= Math.max(sentMs, this.#ownAnsweredMs)
    if (nowMs - this.#ownFailingSinceMs < LEAVE_AFTER_MS || this.#away) return
    this.#away = true
    this.#probeAtMs = nowMs + PROBE_MS * (0.5 + random)
  }

  #restMs(url: string, nowMs: number): number {
    return Math.max(0, (this.#rests.get(url)?.untilMs ?? 0) - nowMs)
  }

  #hasOthers(): boolean {
    return this.#groups.length > 1
  }

  /** Those of the own data centre, which come first; none where the service lists none any more. */
  get #own(): readonly Endpoint[] {
    const [first = []] = this.#groups
    return first.some(({ dc }) => dc !== undefined && dc === this.#ownDc) ? first : []
  }

  /** The own data centre alone while it answers; once it does not, all others. */
  #askedGroups(): readonly (readonly Endpoint[])[] {
    if (this.#own.length === 0) return this.#groups
    return this.#away && this.#hasOthers() ? this.#groups.slice(1) : this.#groups.slice(0, 1)
  }
}

export interface FailureCause {
  readonly rests: boolean
  readonly retryAfterMs?: number | undefined
}

/** */
const LEAVE_AFTER_MS = 2000
/** On average; a probe is a request for one ID, which is burnt. */
const PROBE_MS = 2000

function groupsOf(endpoints: readonly Endpoint[], ownDc: number | undefined): Endpoint[][] {
  const groups = new Map<number | undefined, Endpoint[]>()
  // A client that does not know where it is has no preference: all endpoints are one group.
  const keyOf = ({ dc }: Endpoint): number | undefined => (ownDc === undefined ? undefined : dc)
  for (const first of [ownDc, undefined]) if (endpoints.some((e) => keyOf(e) === first)) groups.set(first, [])
  for (const endpoint of endpoints) {
    const key = keyOf(endpoint)
    const group = groups.get(key) ?? []
    groups.set(key, group)
    group.push(endpoint)
  }
  return [...groups.values()]
}

function chosen(endpoints: readonly Endpoint[], random: number): Endpoint | undefined {
  return endpoints[Math.floor(random * endpoints.length)]
}
