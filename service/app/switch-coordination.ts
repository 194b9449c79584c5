import { authorityKey, workerKey, workerTimeKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import type { Change, Coordinator } from '../ports/coordinator.ts'
import type { Random } from '../ports/random.ts'
import type { TimeAuthorityRecords } from '../ports/time-authority-records.ts'
import type { TimeCopyStore } from '../ports/time-copy-store.ts'
import type { Actor } from './actor.ts'
import type { AuditTrail } from './audit-trail.ts'
import { type CoordinationStatus, coordinationStatus, type GrantingStore, planSwitch } from './switch-plan.ts'
import { printAuthority, printMoving, printTime } from './worker-record.ts'

export interface SwitchCoordinationOptions {
  readonly coordinator: Coordinator
  readonly database: TimeCopyStore & TimeAuthorityRecords
  readonly audit: AuditTrail
  readonly random: Random
  /** Hears of every step as it is done. Must not throw. */
  readonly onStep?: (step: SwitchStep) => void
}

export interface SwitchRequest {
  readonly dc: number
  readonly to: GrantingStore
  /** Also while processes hold worker ids: their holds end at once. */
  readonly force?: boolean
  /** Only looks. */
  readonly dryRun?: boolean
}

export type SwitchStep =
  | 'database frozen'
  | 'etcd frozen'
  | 'holds ended'
  | 'times carried over'
  | 'database set'
  | 'etcd set'

export interface SwitchReport {
  readonly dc: number
  readonly to: GrantingStore
  /**
   * switched: done now. finished: an earlier switch was interrupted before its last step. already: nothing to do.
   * unused: the data centre never granted time. planned: a dry run.
   */
  readonly outcome: 'switched' | 'finished' | 'already' | 'unused' | 'planned'
  /** What was found before. */
  readonly before: CoordinationStatus
}

/** A switch under way: what its later steps must still find. */
interface Run extends SwitchRequest {
  readonly layoutHash: string
  readonly moves: number
  /** The authority record in etcd, with a random number of this run. */
  readonly text: string
}

/**
 * Moves the right to grant the time of a data centre between etcd and PostgreSQL:
 *
 *     1 PostgreSQL := moving     nobody acquires or extends there, copies are refused
 *     2 etcd := moving           nor in etcd; both with the mark of this run
 *     3 read every until in both; end the holds in etcd
 *     4 etcd := every until      (to etcd)
 *     5 PostgreSQL := target     with every until, in one transaction; only if nobody moved it since 1
 *     6 etcd := target           only if the mark of this run is still there
 *
 * No instant has two stores that grant: what grants is set last, in 5 or 6, and both were frozen before. Every window
 * was raised in its store before it was used, so it is among what 3 reads; a holder uses up the one it has, and nobody
 * else is granted those milliseconds. Interrupted anywhere it is run again, in either direction: steps only raise.
 * Two that run at once: each of 1 and 5 names the count of moves it saw, each of 2, 4 and 6 compares the mark, and 1
 * comes before 2, so the one whose step 1 came first is refused before it sets anything. Locks and leases play no part.
 */
export class SwitchCoordination {
  readonly #options: SwitchCoordinationOptions

  constructor(options: SwitchCoordinationOptions) {
    this.#options = options
  }

  /** @throws IDGEN_STORE_UNAVAILABLE | IDGEN_COORDINATION_UNAVAILABLE */
  async status(dc: number): Promise<CoordinationStatus> {
    return await coordinationStatus(this.#options.coordinator, this.#options.database, dc)
  }

  /**
   * @throws IDGEN_NOT_EMPTY processes hold worker ids, and `force` is not set
   * @throws IDGEN_COORDINATION_MISMATCH another switch runs at the same time, or a record was edited
   * @throws IDGEN_LAYOUT_MISMATCH the stores name two layouts
   * @throws IDGEN_STORE_UNAVAILABLE | IDGEN_COORDINATION_UNAVAILABLE interrupted: run it again
   */
  async run(actor: Actor, request: SwitchRequest): Promise<SwitchReport> {
    const before = await this.status(request.dc)
    const { dc, to } = request
    const plan = planSwitch(before, to, request.force === true)
    if (plan === 'already' || plan === 'unused') return { dc, to, outcome: plan, before }
    if (request.dryRun === true) return { dc, to, outcome: 'planned', before }
    if (plan === 'finish') {
      await this.#setEtcd(dc, before.etcd?.text, printAuthority({ store: to, layoutHash: before.layoutHash }))
      this.#step('etcd set')
    } else await this.#move(before, request)
    const outcome = plan === 'finish' ? 'finished' : 'switched'
    this.#record(actor, { dc, to, outcome, before })
    return { dc, to, outcome, before }
  }

  async #move(before: CoordinationStatus, request: SwitchRequest): Promise<void> {
    const { database } = this.#options
    const { dc, to } = request
    const { layoutHash } = before
    const moves = await this.#freezeDatabase(before)
    this.#step('database frozen')
    const text = printMoving(layoutHash, this.#mark())
    await this.#setEtcd(dc, before.etcd?.text, text)
    this.#step('etcd frozen')
    const run: Run = { ...request, layoutHash, moves, text }
    const frozen = await this.status(dc)
    if (frozen.unreadable.length > 0) throw changed(dc)
    await this.#inEtcd(
      run,
      frozen.etcdHolders.map(({ worker }) => ({ delete: workerKey(dc, worker) })),
    )
    this.#step('holds ended')
    if (to === 'etcd') await this.#carryToEtcd(run, frozen)
    this.#step('times carried over')
    if (!(await database.moveAuthority(dc, moves, to, frozen.untilMs))) throw changed(dc)
    this.#step('database set')
    await this.#setEtcd(dc, text, printAuthority({ store: to, layoutHash }))
    this.#step('etcd set')
  }

  /** @returns the count of moves that step 5 must find */
  async #freezeDatabase({ dc, database: seen, layoutHash }: CoordinationStatus): Promise<number> {
    const { database } = this.#options
    if (seen !== undefined) {
      // Also where it is moving already: whatever froze it cannot go on any more.
      if (!(await database.moveAuthority(dc, seen.moves, 'moving', new Map()))) throw changed(dc)
      return seen.moves + 1
    }
    const made = await database.authority(dc, { store: 'moving', layoutHash })
    if (made.store !== 'moving' || made.layoutHash !== layoutHash) throw changed(dc)
    return 0
  }

  async #carryToEtcd(run: Run, frozen: CoordinationStatus): Promise<void> {
    const { dc } = run
    const behind = [...frozen.untilMs].filter(([worker, ms]) => ms > (frozen.etcdUntilMs.get(worker) ?? 0))
    await this.#inEtcd(
      run,
      behind.map(([worker, untilMs]) => ({
        put: workerTimeKey(dc, worker),
        value: printTime({ untilMs, nonce: '' }),
      })),
    )
  }

  /** In transactions of a size that etcd takes, each only while etcd bears the mark of this run. */
  async #inEtcd({ dc, text }: Run, changes: readonly Change[]): Promise<void> {
    for (let from = 0; from < changes.length; from += CHANGES_MAX) {
      const { succeeded } = await this.#options.coordinator.transact({
        compare: [{ key: authorityKey(dc), value: text }],
        change: changes.slice(from, from + CHANGES_MAX),
      })
      if (!succeeded) throw changed(dc)
    }
  }

  async #setEtcd(dc: number, before: string | undefined, after: string): Promise<void> {
    const key = authorityKey(dc)
    const { succeeded } = await this.#options.coordinator.transact({
      compare: [before === undefined ? { key, createRevision: 0 } : { key, value: before }],
      change: [{ put: key, value: after }],
    })
    if (!succeeded) throw changed(dc)
  }

  #mark(): string {
    const bytes = new Uint8Array(MARK_BYTES)
    this.#options.random.fill(bytes)
    return Buffer.from(bytes).toString('hex')
  }

  #step(step: SwitchStep): void {
    this.#options.onStep?.(step)
  }

  #record(actor: Actor, { dc, to, outcome, before }: SwitchReport): void {
    const { database, etcd, etcdHolders } = before
    this.#options.audit.record({
      ...actor,
      action: 'coordination.switch',
      subject: `dc ${dc}`,
      detail: {
        to,
        outcome,
        databaseBefore: database?.store,
        etcdBefore: etcd?.text,
        holdsEnded: (database?.holders.length ?? 0) + etcdHolders.length,
      },
    })
  }
}

function changed(dc: number): IdgenError {
  return new IdgenError(
    'IDGEN_COORDINATION_MISMATCH',
    `Somebody else changed who grants the time of data centre ${dc} at the same time: another idgen coordination switch, or an edit by hand. Nothing is granted twice by it. See idgen coordination status, then run the switch again.`,
  )
}

/** etcd takes 128 operations in a transaction. */
const CHANGES_MAX = 100
const MARK_BYTES = 16
