import { randomInt } from 'node:crypto'
import type { IEvent } from 'etcd3'
import type { Follower } from '../../ports/coordinator.ts'
import type { Log } from '../../ports/log.ts'
import { reason } from './etcd-error.ts'
import { type EtcdKeys, toRevision } from './etcd-keys.ts'
import { type Listed, list } from './etcd-list.ts'
import type { EtcdMembers } from './etcd-members.ts'
import { type Watch, watch } from './etcd-watch.ts'

/**
 * Follows a prefix for ever:
 *
 *      ┌──▶ list ──▶ onSnapshot ──▶ watch from revision + 1 ──▶ onPut, onDelete … ──┐
 *      │                                                                            │ anything wrong: onLost, once
 *      └──────────────────────────── back-off with jitter ◀─────────────────────────┘
 *
 * It always lists again, also where a watch could be resumed: one path to be right instead of two.
 */
export class EtcdFollow implements Disposable {
  readonly #members: EtcdMembers
  readonly #keys: EtcdKeys
  readonly #prefix: string
  readonly #follower: Follower
  readonly #log: Log
  #disposed = false
  #watch: Watch | undefined
  #pause: { readonly timer: NodeJS.Timeout; readonly end: () => void } | undefined

  constructor(members: EtcdMembers, keys: EtcdKeys, prefix: string, follower: Follower, log: Log) {
    this.#members = members
    this.#keys = keys
    this.#prefix = prefix
    this.#follower = follower
    this.#log = log
    void this.#run()
  }

  /** No callback comes after it. */
  [Symbol.dispose](): void {
    this.#disposed = true
    this.#watch?.[Symbol.dispose]()
    clearTimeout(this.#pause?.timer)
    this.#pause?.end()
  }

  async #run(): Promise<void> {
    let failures = 0
    let told = false
    while (!this.#disposed) {
      const startedMs = performance.now()
      const { why, listed } = await this.#session()
      if (this.#disposed) return
      if (listed || !told) this.#lost(why)
      told = true
      const steady = performance.now() - startedMs > STEADY_MS
      failures = steady ? 1 : Math.min(failures + 1, FAILURES_MAX)
      await this.#backOff(failures)
    }
  }

  /** Ends when the store cannot be followed any more; `listed`: the follower had a snapshot in this session. */
  async #session(): Promise<{ readonly why: string; readonly listed: boolean }> {
    let listed: Listed
    try {
      listed = await list(this.#members, this.#keys, this.#prefix)
    } catch (thrown) {
      return { why: reason(thrown), listed: false }
    }
    if (this.#disposed) return { why: 'disposed', listed: false }
    this.#tell(() => this.#follower.onSnapshot(listed.entries, listed.revision))
    this.#watch = watch(listed, this.#keys.below(this.#prefix), (event) => this.#onEvent(event))
    // Disposed by the follower itself, before there was a watch.
    if (this.#disposed) this.#watch[Symbol.dispose]()
    const why = await this.#watch.ended
    this.#members.leave(listed.member)
    return { why, listed: true }
  }

  #onEvent({ type, kv }: IEvent): void {
    if (type === 'Put') this.#tell(() => this.#follower.onPut(this.#keys.entry(kv)))
    else this.#tell(() => this.#follower.onDelete(this.#keys.fromEtcd(kv.key), toRevision(kv.mod_revision)))
  }

  #lost(why: string): void {
    this.#log.warn({ prefix: this.#prefix, why }, 'etcd cannot be followed now; trying again')
    this.#tell(() => this.#follower.onLost(why))
  }

  /** A callback that throws, against the port, must not end the process: it runs inside a stream's handler. */
  #tell(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      this.#log.error({ err: error, prefix: this.#prefix }, 'a follower of etcd failed')
    }
  }

  async #backOff(failures: number): Promise<void> {
    const longestMs = Math.min(BACK_OFF_MAX_MS, BACK_OFF_MIN_MS * 2 ** (failures - 1))
    await new Promise<void>((end) => {
      // Half of it by chance: after an outage not all processes come back at the same moment.
      const timer = setTimeout(end, longestMs / 2 + randomInt(Math.ceil(longestMs / 2)))
      timer.unref()
      this.#pause = { timer, end }
    })
  }
}

const BACK_OFF_MIN_MS = 100
/** A change must be seen within 5 s also right after an outage. */
const BACK_OFF_MAX_MS = 1000
/** Enough for the longest back-off; the power must stay finite. */
const FAILURES_MAX = 10
/** A session that lasted longer ended for a new reason, so the back-off starts again. */
const STEADY_MS = 5000
