import { dcClaimKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import { jsonFields } from '../core/json-object.ts'
import type { DcClaim } from '../ports/dc-claim-store.ts'

/**
 * The claim of a data centre in etcd, for people to read as well:
 *
 *     /dcs/{dc}   {"installation":"…","claimedBy":"host/1","claimedAt":"2026-01-01T00:00:00.000Z"}
 */
export function printClaim({ installation, claimedBy, claimedAt }: Omit<DcClaim, 'dc'>): string {
  return JSON.stringify({ installation, claimedBy, claimedAt: claimedAt.toISOString() })
}

/** A text that is no claim, written by hand perhaps, belongs to nobody we know: its installation is the text itself. */
export function readClaim(dc: number, text: string): DcClaim {
  const { installation, claimedBy, claimedAt } = jsonFields(text)
  return {
    dc,
    installation: typeof installation === 'string' ? installation : text.slice(0, SHOWN_MAX),
    claimedBy: typeof claimedBy === 'string' ? claimedBy : 'unknown',
    claimedAt: new Date(typeof claimedAt === 'string' ? claimedAt : Number.NaN),
  }
}

export type ClaimPlace = 'etcd' | 'the database'

/** The claim is not ours: why nothing may run here, with both installations and the way out. */
export function claimedByOther(place: ClaimPlace, claim: DcClaim, installation: string): IdgenError {
  const { dc, claimedBy, claimedAt } = claim
  const since = Number.isNaN(claimedAt.getTime()) ? '' : ` since ${claimedAt.toISOString()}`
  return new IdgenError(
    'IDGEN_DC_CLAIMED',
    `Data centre ${dc} belongs to the installation "${claim.installation}" (${place}, ${claimedBy}${since}), this one is "${installation}". Give this installation a datacenter.id of its own. Only if it takes the place of the other one, which must be stopped for good: idgen dc claim --dc ${dc} --force`,
  )
}

/** Somebody else changed the claim between two calls of ours. */
export function claimChanged(dc: number, place: ClaimPlace): IdgenError {
  return new IdgenError(
    'IDGEN_VERSION_MISMATCH',
    `The claim of data centre ${dc} was just changed in ${place} (${dcClaimKey(dc)}); look with idgen dc list and run it again.`,
  )
}

const SHOWN_MAX = 200
