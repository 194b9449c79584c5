import { type Clock, type Random, sleep } from './clock.ts'
import { isStatus, type KubeClient } from './kube-client.ts'
import { type Lease, LeaseObject, type LeaseSpec, microTime } from './lease.ts'
import type { RuntimeLog } from './runtime-log.ts'

export interface ElectorOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: RuntimeLog
  readonly namespace: string
  readonly name: string
  /** Of this process, and of no other at any time. */
  readonly identity: string
  readonly timing?: ElectorTiming
}

export interface ElectorTiming {
  /** How long the others wait after the last renewal that they saw. */
  readonly leaseMs: number
  /** The leader stops when it could not renew for so long; below leaseMs, so that it stops before another starts. */
  readonly renewDeadlineMs: number
  readonly retryMs: number
}

/**
 * One of several processes leads, by a Lease, under client-go's rules:
 * - whether the holder is alive is judged by when *this* process last saw the Lease change, on its own monotonic
 *   clock: what the holder wrote about time may be wrong by any amount;
 * - the leader counts from when it *sent* the last renewal that succeeded, so that it stops before anybody else starts;
 * - a Lease says who should act, and nothing prevents a paused process from acting late: see `leads`.
 */
export class LeaderElector {
  readonly #options: ElectorOptions
  readonly #timing: ElectorTiming
  readonly #lease: LeaseObject
  /** The Lease as it was seen last, and since when it has looked like this. */
  #seen: { readonly text: string; readonly sinceMs: number } | undefined
  #lastAnswerMs: number | undefined
  #held: Lease | undefined
  #renewedMs: number | undefined

  constructor(options: ElectorOptions) {
    this.#options = options
    this.#timing = options.timing ?? TIMING
    this.#lease = new LeaseObject(options.client, options.namespace, options.name)
  }

  /** Now, by the clock and not by whether a timer went off: a process that was stopped does not lead when it goes on. */
  get leads(): boolean {
    if (this.#held === undefined || this.#renewedMs === undefined) return false
    return this.#options.clock.monotonicMs() < this.#renewedMs + this.#timing.renewDeadlineMs
  }

  /** It has seen the Lease lately: one that cannot read or write it never leads, and must not look healthy. */
  get inTouch(): boolean {
    const { clock } = this.#options
    return this.#lastAnswerMs !== undefined && clock.monotonicMs() - this.#lastAnswerMs < this.#timing.leaseMs
  }

  /** Resolves when this process leads, true, or when `signal` aborts, false. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    const { clock, random } = this.#options
    while (!signal.aborted) {
      if (await this.#try(signal)) return true
      await sleep(clock, this.#timing.retryMs * (1 + RETRY_JITTER * random()), signal)
    }
    return false
  }

  /** Keeps the Lease. Resolves 'lost' when that is no longer possible, 'stopped' when `signal` aborts. */
  async hold(signal: AbortSignal): Promise<'lost' | 'stopped'> {
    const { clock, log } = this.#options
    while (!signal.aborted) {
      await sleep(clock, this.#timing.retryMs, signal)
      if (signal.aborted) return 'stopped'
      if (!this.leads || (!(await this.#try(signal)) && !this.leads)) {
        if (signal.aborted) return 'stopped'
        log.error({ identity: this.#options.identity }, 'leadership was lost')
        this.#held = undefined
        return 'lost'
      }
    }
    return 'stopped'
  }

  /** Lets another one start at once. After everything that needs leadership has ended. Never throws. */
  async release(): Promise<void> {
    const held = this.#held
    const { clock, log, identity } = this.#options
    const leads = this.leads
    this.#held = undefined
    if (held === undefined || !leads) return
    const limit = new AbortController()
    using _timer = clock.after(RELEASE_MAX_MS, () => limit.abort(new Error('release deadline')))
    try {
      await this.#giveBack(held, limit.signal)
      log.info({ identity }, 'leadership was given back')
    } catch (thrown) {
      log.warn(
        { err: thrown, identity },
        'leadership could not be given back; the next leader waits for its end',
      )
    }
  }

  async #giveBack(held: Lease, signal: AbortSignal): Promise<void> {
    const { clock, identity } = this.#options
    // Without a holder anybody may take it; a second is the least that the API server accepts.
    const nobody = (spec: LeaseSpec): LeaseSpec => ({
      ...spec,
      holderIdentity: '',
      leaseDurationSeconds: 1,
      renewTime: microTime(clock.nowMs()),
    })
    try {
      await this.#lease.update(held, nobody(held.spec), signal)
    } catch (thrown) {
      if (!isStatus(thrown, 409)) throw thrown
      // A renewal that was interrupted may have come through.
      const lease = await this.#lease.read(signal)
      if (lease?.spec.holderIdentity === identity) await this.#lease.update(lease, nobody(lease.spec), signal)
    }
  }

  /** One attempt, over when leadership would be. True: this process leads. */
  async #try(signal: AbortSignal): Promise<boolean> {
    const { clock, log, identity } = this.#options
    const sentMs = clock.monotonicMs()
    const lateMs =
      (this.#held === undefined ? sentMs : (this.#renewedMs ?? sentMs)) + this.#timing.renewDeadlineMs
    const limit = new AbortController()
    using _timer = clock.after(lateMs - sentMs, () => limit.abort(new Error('renew deadline')))
    try {
      const lease = await this.#acquireOrRenew(AbortSignal.any([signal, limit.signal]))
      if (lease === undefined) {
        this.#held = undefined
        return false
      }
      if (this.#held === undefined) log.info({ identity }, 'this process leads')
      this.#held = lease
      this.#renewedMs = sentMs
      // The answer may have come too late.
      return this.leads
    } catch (thrown) {
      if (signal.aborted) return false
      // Somebody else was faster, or our own write came through without its answer: the next look tells.
      const conflict = isStatus(thrown, 409)
      if (conflict && this.#held !== undefined) this.#held = await this.#reread(signal)
      const line = [{ err: thrown, identity }, 'the lease could not be written'] as const
      if (conflict) log.debug(...line)
      else log.warn(...line)
      return false
    }
  }

  async #acquireOrRenew(signal: AbortSignal): Promise<Lease | undefined> {
    const { identity } = this.#options
    // The holder writes without reading: the resource version tells whether somebody else wrote.
    if (this.#held !== undefined)
      return this.#answered(await this.#lease.update(this.#held, this.#spec(this.#held.spec), signal))
    const lease = await this.#lease.read(signal)
    if (lease === undefined) return this.#answered(await this.#lease.create(this.#spec({}), signal))
    this.#answered(lease)
    if (lease.spec.holderIdentity !== identity && this.#alive(lease.spec)) return undefined
    return this.#answered(await this.#lease.update(lease, this.#spec(lease.spec), signal))
  }

  /** After a conflict while holding. Still ours: our own write had come through. */
  async #reread(signal: AbortSignal): Promise<Lease | undefined> {
    try {
      const lease = await this.#lease.read(signal)
      return lease?.spec.holderIdentity === this.#options.identity ? lease : undefined
    } catch {
      return this.#held
    }
  }

  #alive({ holderIdentity, leaseDurationSeconds }: LeaseSpec): boolean {
    if (holderIdentity === undefined || holderIdentity === '') return false
    const { leaseMs } = this.#timing
    const namedMs = (leaseDurationSeconds ?? 0) * 1000
    // A duration that nobody sensible wrote must not keep the Lease for ever.
    const lastsMs = namedMs > 0 && namedMs <= leaseMs * DURATION_MAX_FACTOR ? namedMs : leaseMs
    return this.#options.clock.monotonicMs() < (this.#seen?.sinceMs ?? 0) + lastsMs
  }

  #answered(lease: Lease): Lease {
    const nowMs = this.#options.clock.monotonicMs()
    this.#lastAnswerMs = nowMs
    const text = JSON.stringify(lease.spec)
    if (this.#seen?.text !== text) this.#seen = { text, sinceMs: nowMs }
    return lease
  }

  #spec(previous: LeaseSpec): LeaseSpec {
    const { identity, clock } = this.#options
    const now = microTime(clock.nowMs())
    const taken = previous.holderIdentity !== identity
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#timing.leaseMs / 1000),
      acquireTime: taken ? now : (previous.acquireTime ?? now),
      renewTime: now,
      leaseTransitions:
        (previous.leaseTransitions ?? 0) + (taken && previous.leaseTransitions !== undefined ? 1 : 0),
    }
  }
}

/** client-go's. */
const TIMING: ElectorTiming = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2000 }
/** client-go's: several that wait must not all ask at the same moment. */
const RETRY_JITTER = 0.2
/** Another version of this program may use another duration, but not a wildly different one. */
const DURATION_MAX_FACTOR = 4
/** Ending must not wait for an API server that does not answer; the pod is killed soon. */
const RELEASE_MAX_MS = 3000
