import { dcClaimKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Coordinator } from '../ports/coordinator.ts'
import type { DcClaim, DcClaimStore } from '../ports/dc-claim-store.ts'
import type { Log } from '../ports/log.ts'
import type { AuditTrail } from './audit-trail.ts'
import { type ClaimPlace, claimedByOther, printClaim, readClaim } from './dc-claim-record.ts'
import { Repeat } from './repeat.ts'

export interface DcClaimGuardOptions {
  readonly store: DcClaimStore
  /** undefined: no etcd, the database decides alone. */
  readonly coordinator: Coordinator | undefined
  readonly audit: AuditTrail
  readonly clock: Clock
  readonly log: Log
  readonly dc: number
  /** datacenter.installation, or the identity of the database. */
  readonly installation: string
  /** Who this process is, for people. */
  readonly instance: string
  /**
   * Nobody gave this process its data centre, and etcd, whose settings may have it, could not be asked: then only a
   * number that the database knows to be ours is taken.
   */
  readonly dcAssumed?: boolean
  /** Default one hour. */
  readonly checkEveryMs?: number
}

/**
 * Holds the number of a data centre for this installation, so that two of them cannot run as the same one by mistake
 * . The claim is permanent: made where there is none, asserted at the start, every hour and whenever etcd says
 * that it changed.
 *
 *     start   etcd: another's? refuse ──▶ database: claim, or refuse ──▶ etcd: claim, or refuse; away: later
 *     later   another's in either store: `fault`, and nothing is granted any more until it is ours again
 *
 * It guards against mistakes. What makes grants disjoint is decided elsewhere, grant by grant.
 */
export class DcClaimGuard {
  readonly #options: DcClaimGuardOptions
  readonly #repeat: Repeat
  /** By the store that says so. */
  readonly #conflicts = new Map<ClaimPlace, string>()
  #unconfirmed: string | undefined
  #following: Disposable | undefined
  #flight: Promise<void> | undefined
  /** Something happened since the look under way began. */
  #stale = false
  #stopped = false
  /** The database had our claim before this process started. */
  #ranBefore = false

  constructor(options: DcClaimGuardOptions) {
    this.#options = options
    this.#repeat = new Repeat(options.clock, options.checkEveryMs ?? EVERY_MS, () => this.check())
    if (options.coordinator !== undefined) this.#unconfirmed = 'etcd was not asked yet'
  }

  /** Whose the data centre is by now, or undefined: ours. While it is set, no new time or segment may be granted. */
  get fault(): string | undefined {
    const [first] = this.#conflicts.values()
    return first
  }

  /** Why etcd has not confirmed the claim since the start, or undefined. The database has. */
  get unconfirmed(): string | undefined {
    return this.#unconfirmed
  }

  /**
   * @throws IDGEN_DC_CLAIMED when either store says that the data centre is another installation's
   * @throws IDGEN_STORE_UNAVAILABLE
   * @throws IDGEN_COORDINATION_UNAVAILABLE when nobody can say which data centre this is
   */
  async start(): Promise<void> {
    const { coordinator, dc } = this.#options
    const known = await this.#inEtcd(() => coordinator?.get(dcClaimKey(dc)))
    if (known !== undefined) this.#refuseOther('etcd', readClaim(dc, known.value))
    await this.#claimInDatabase()
    await this.#claimInEtcd()
    this.#refuse()
    if (this.#unconfirmed !== undefined)
      this.#options.log.warn({ dc, why: this.#unconfirmed }, 'data centre claimed in the database only')
    this.#follow()
    this.#repeat.start()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#following?.[Symbol.dispose]()
    await this.#repeat.stop()
    await this.#flight
  }

  /** Asserts the claim in both stores. Never rejects: a store that is away changes nothing of what is known. */
  check(): Promise<void> {
    this.#stale = true
    this.#flight ??= this.#checkAll()
    return this.#flight
  }

  async #checkAll(): Promise<void> {
    while (this.#stale && !this.#stopped) {
      this.#stale = false
      const { store, dc, installation, instance, log } = this.#options
      try {
        this.#judge('the database', await store.claim(dc, installation, instance))
      } catch (thrown) {
        log.warn({ dc, err: IdgenError.from(thrown) }, 'the claim of the data centre could not be checked')
      }
      await this.#claimInEtcd()
    }
    // In one turn with the last look at #stale: a check that is asked for in between would join a flight that is over.
    this.#flight = undefined
  }

  #follow(): void {
    const { coordinator, dc } = this.#options
    const look = (): void => void this.check()
    // One digit, so the key is a prefix of no other one.
    this.#following ??= coordinator?.follow(dcClaimKey(dc), {
      onSnapshot: look,
      onPut: look,
      onDelete: look,
      onLost: () => {},
    })
  }

  async #claimInDatabase(): Promise<void> {
    const { store, dc, installation, instance, dcAssumed } = this.#options
    const before = await store.find(dc)
    if (before !== undefined) this.#refuseOther('the database', before)
    else if (dcAssumed === true) throw unknownDc(dc, this.#unconfirmed)
    const claim = await store.claim(dc, installation, instance)
    this.#refuseOther('the database', claim)
    this.#ranBefore = before !== undefined
    if (before === undefined) this.#claimed('the database', claim)
  }

  async #claimInEtcd(): Promise<void> {
    const { coordinator, clock, dc, installation, instance, log } = this.#options
    if (coordinator === undefined) return
    const key = dcClaimKey(dc)
    const claim = { dc, installation, claimedBy: instance, claimedAt: new Date(clock.nowMs()) }
    const outcome = await this.#inEtcd(() =>
      coordinator.transact({
        compare: [{ key, createRevision: 0 }],
        change: [{ put: key, value: printClaim(claim) }],
        read: [key],
      }),
    )
    if (outcome === undefined) return
    this.#unconfirmed = undefined
    if (outcome.succeeded) {
      this.#claimed('etcd', claim)
      if (this.#ranBefore) log.warn({ dc, key }, UNKNOWN_HERE)
      // What it deletes now is a loss while we run.
      this.#ranBefore = true
    }
    this.#judge('etcd', outcome.succeeded ? claim : readClaim(dc, outcome.entries.get(key)?.value ?? ''))
  }

  /** undefined: etcd is away, or there is none. */
  async #inEtcd<T>(call: () => Promise<T> | undefined): Promise<T | undefined> {
    try {
      return await call()
    } catch (thrown) {
      const { message } = IdgenError.from(thrown)
      if (this.#unconfirmed !== undefined) this.#unconfirmed = message
      return undefined
    }
  }

  #refuseOther(place: ClaimPlace, claim: DcClaim): void {
    this.#judge(place, claim)
    this.#refuse()
  }

  #refuse(): void {
    const { fault } = this
    if (fault !== undefined) throw new IdgenError('IDGEN_DC_CLAIMED', fault)
  }

  #judge(place: ClaimPlace, claim: DcClaim): void {
    const { dc, installation, log, audit } = this.#options
    const ours = claim.installation === installation
    const why = ours ? undefined : claimedByOther(place, claim, installation).message
    if (why === this.#conflicts.get(place)) return
    const fields = { dc, place, claimedBy: claim.claimedBy, ours: installation, theirs: claim.installation }
    if (why === undefined) {
      this.#conflicts.delete(place)
      log.info(fields, 'the data centre is ours again')
      audit.record({ action: 'dc.claim-clear', subject: `dc ${dc}`, detail: fields })
      return
    }
    this.#conflicts.set(place, why)
    log.error(fields, 'another installation claims this data centre; nothing is granted here any more')
    const result = 'IDGEN_DC_CLAIMED'
    audit.record({ action: 'dc.claim-conflict', subject: `dc ${dc}`, result, detail: fields })
  }

  #claimed(place: ClaimPlace, { dc, installation, claimedBy }: DcClaim): void {
    const { log, audit } = this.#options
    const detail = { place, before: null, after: installation, claimedBy }
    log.info({ dc, ...detail }, 'data centre claimed')
    audit.record({ action: 'dc.claim', subject: `dc ${dc}`, detail })
  }
}

function unknownDc(dc: number, why: string | undefined): IdgenError {
  return new IdgenError(
    'IDGEN_COORDINATION_UNAVAILABLE',
    `Neither file nor environment says which data centre this is, etcd, whose settings may, does not (${why ?? 'it could not be read'}), and the database never saw data centre ${dc} run. Set datacenter.id, or bring etcd back.`,
  )
}

/** Two etcds, or two prefixes, look well each and do not guard each other's processes. */
const UNKNOWN_HERE =
  'the database knew this data centre and etcd did not: etcd is new here, lost its data, or is not the one (etcd.endpoints, etcd.prefix) that the other processes of this data centre use'

const EVERY_MS = 3_600_000
