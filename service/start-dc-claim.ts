import type { AuditTrail } from './app/audit-trail.ts'
import { ClaimedSegments, ClaimedTimes } from './app/dc-claim-grants.ts'
import { DcClaimGuard } from './app/dc-claim-guard.ts'
import type { Trouble } from './app/readiness.ts'
import type { Config } from './config/keys.ts'
import type { Outside } from './outside.ts'
import type { SegmentStore } from './ports/segment-store.ts'
import type { TimeGrantStore } from './ports/time-grant-store.ts'

/** Nothing runs yet: `start` it before the first grant is asked for. */
export function newDcClaim(config: Config, outside: Outside, audit: AuditTrail): DcClaimGuard | undefined {
  const { claim, shared, clock, log, instance } = outside
  if (claim === undefined) return undefined
  return new DcClaimGuard({
    ...claim,
    coordinator: shared?.coordinator,
    audit,
    clock,
    log,
    dc: config.datacenter.id,
    instance,
  })
}

/** Grants segments only while the data centre is ours. */
export function claimedSegments(store: SegmentStore, claim: DcClaimGuard | undefined): SegmentStore {
  return claim === undefined ? store : new ClaimedSegments(store, claim)
}

/** Grants time only while the data centre is ours. */
export function claimedTimes(store: TimeGrantStore, claim: DcClaimGuard | undefined): TimeGrantStore {
  return claim === undefined ? store : new ClaimedTimes(store, claim)
}

export function claimTroubles(claim: DcClaimGuard | undefined): Trouble[] {
  const why = claim?.fault ?? claim?.unconfirmed
  return why === undefined ? [] : [{ what: 'data centre', why }]
}
