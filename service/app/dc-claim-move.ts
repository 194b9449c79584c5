import { dcClaimKey } from '../core/coordination-keys.ts'
import type { Clock } from '../ports/clock.ts'
import type { Coordinator, Entry } from '../ports/coordinator.ts'
import type { DcClaim, DcClaimStore } from '../ports/dc-claim-store.ts'
import type { Actor } from './actor.ts'
import type { AuditTrail } from './audit-trail.ts'
import { claimChanged, claimedByOther, printClaim, readClaim } from './dc-claim-record.ts'

export interface DcClaimMoveOptions {
  readonly store: DcClaimStore
  readonly coordinator: Coordinator | undefined
  readonly audit: AuditTrail
  readonly clock: Clock
  readonly installation: string
  /** Who this process is, for people. */
  readonly instance: string
}

/** The claims of one data centre in both stores. */
export interface DcClaims {
  readonly database: DcClaim | undefined
  /** undefined also where there is no etcd. */
  readonly etcd: DcClaim | undefined
}

export interface MovedDc {
  readonly dc: number
  readonly installation: string
  readonly before: DcClaims
  /** false: it was ours in both stores. */
  readonly changed: boolean
}

/** Gives a data centre to this installation on a person's word (`idgen dc claim`). */
export class DcClaimMove {
  readonly #options: DcClaimMoveOptions

  constructor(options: DcClaimMoveOptions) {
    this.#options = options
  }

  /** @throws IDGEN_COORDINATION_UNAVAILABLE, IDGEN_STORE_UNAVAILABLE */
  async look(dc: number): Promise<DcClaims> {
    const { etcd, database } = await this.#read(dc)
    return { database, etcd: etcd === undefined ? undefined : readClaim(dc, etcd.value) }
  }

  /**
   * etcd first: what other installations see decides. Where the database fails after it, the same command again does
   * the rest. Both stores must answer: a number moved in one of them only would stop both installations.
   * @throws IDGEN_DC_CLAIMED without `force`, when another installation has it
   * @throws IDGEN_VERSION_MISMATCH, IDGEN_COORDINATION_UNAVAILABLE, IDGEN_STORE_UNAVAILABLE
   */
  async claim(actor: Actor, dc: number, force: boolean): Promise<MovedDc> {
    const { installation, instance, store, audit } = this.#options
    const { etcd, database } = await this.#read(dc)
    const before: DcClaims = {
      database,
      etcd: etcd === undefined ? undefined : readClaim(dc, etcd.value),
    }
    if (!force) this.#refuseOther(before)
    const inEtcd = await this.#claimInEtcd(dc, etcd, before.etcd)
    const inDatabase = database?.installation !== installation
    if (inDatabase && !(await store.move(dc, database?.installation, installation, instance)))
      throw claimChanged(dc, 'the database')
    const changed = inEtcd || inDatabase
    if (changed)
      audit.record({
        ...actor,
        action: 'dc.claim',
        subject: `dc ${dc}`,
        detail: {
          force,
          before: { database: database?.installation ?? null, etcd: before.etcd?.installation ?? null },
          after: installation,
        },
      })
    return { dc, installation, before, changed }
  }

  async #read(dc: number): Promise<{ etcd: Entry | undefined; database: DcClaim | undefined }> {
    const { coordinator, store } = this.#options
    return { etcd: await coordinator?.get(dcClaimKey(dc)), database: await store.find(dc) }
  }

  #refuseOther({ etcd, database }: DcClaims): void {
    const { installation } = this.#options
    if (etcd !== undefined && etcd.installation !== installation)
      throw claimedByOther('etcd', etcd, installation)
    if (database !== undefined && database.installation !== installation)
      throw claimedByOther('the database', database, installation)
  }

  async #claimInEtcd(dc: number, entry: Entry | undefined, claim: DcClaim | undefined): Promise<boolean> {
    const { coordinator, clock, installation, instance } = this.#options
    if (coordinator === undefined || claim?.installation === installation) return false
    const key = dcClaimKey(dc)
    const claimedAt = new Date(clock.nowMs())
    const { succeeded } = await coordinator.transact({
      compare: [{ key, modRevision: entry?.modRevision ?? 0 }],
      change: [{ put: key, value: printClaim({ installation, claimedBy: instance, claimedAt }) }],
    })
    if (!succeeded) throw claimChanged(dc, 'etcd')
    return true
  }
}
