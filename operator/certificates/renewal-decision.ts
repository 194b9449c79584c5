import type { Validity } from './certificate-writer.ts'

/** What the Secret of the authority holds. Absent: it is not there, or cannot be used. */
export interface AuthorityState {
  /** Signs the server's certificates. */
  readonly signing?: Validity
  /** Is already trusted by everybody who reads the bundle, and signs later. */
  readonly next?: Validity
  /** Signed before; still trusted, because pods may serve a certificate of it. */
  readonly previous?: Validity
}

/** make: nothing of what was there is trusted from now on. */
export type AuthorityStep =
  | { readonly do: 'keep' }
  | { readonly do: 'make' | 'prepare-next' | 'sign-with-next' | 'forget-previous' }

/**
 * An authority is replaced in three steps, each long after the one before: the new one is trusted, then it signs, then
 * the old one is no longer trusted. The dates of the certificates are all that is remembered between them.
 *
 * A clock that is behind changes nothing: certificates that are not valid yet are kept.
 */
export function decideAuthority(state: AuthorityState, nowMs: number): AuthorityStep {
  const { signing, next, previous } = state
  if (signing === undefined || nowMs >= signing.notAfterMs) {
    const usable = next !== undefined && nowMs < next.notAfterMs
    return { do: usable ? 'sign-with-next' : 'make' }
  }
  if (next !== undefined && nowMs >= signsFromMs(next)) return { do: 'sign-with-next' }
  if (next === undefined && nowMs >= renewalMs(signing)) return { do: 'prepare-next' }
  if (previous !== undefined && nowMs >= forgottenMs(previous, signing)) return { do: 'forget-previous' }
  return { do: 'keep' }
}

/** When `decideAuthority` may answer differently. */
export function authorityDueMs({ signing, next, previous }: AuthorityState): number {
  if (signing === undefined) return 0
  return Math.min(
    next === undefined ? renewalMs(signing) : signsFromMs(next),
    previous === undefined ? Number.POSITIVE_INFINITY : forgottenMs(previous, signing),
  )
}

export interface ServerState extends Validity {
  readonly names: readonly string[]
  /** Whether the authority that signs now signed it. */
  readonly signedByAuthority: boolean
}

export type ServerReason = 'Missing' | 'AuthorityChanged' | 'NamesChanged' | 'EndNear'

/** Why the server's certificate must be made anew; undefined: it stays. */
export function decideServer(
  state: ServerState | undefined,
  names: readonly string[],
  nowMs: number,
): ServerReason | undefined {
  if (state === undefined) return 'Missing'
  if (!state.signedByAuthority) return 'AuthorityChanged'
  if (state.names.toSorted().join() !== names.toSorted().join()) return 'NamesChanged'
  return nowMs >= renewalMs(state) ? 'EndNear' : undefined
}

/** After two thirds of its life; the last third is for finding out why that failed. */
export function renewalMs({ notBeforeMs, notAfterMs }: Validity): number {
  return notBeforeMs + ((notAfterMs - notBeforeMs) * 2) / 3
}

function signsFromMs(next: Validity): number {
  return next.notBeforeMs + DISTRIBUTION_MS
}

function forgottenMs(previous: Validity, signing: Validity): number {
  return Math.min(previous.notAfterMs, signsFromMs(signing) + SERVER_LIFE_MS)
}

const DAY_MS = 24 * 3_600_000
/** How long callers have to read a bundle with the new authority: those that read it at their start only must be started once. */
export const DISTRIBUTION_MS = 30 * DAY_MS
/** A quarter; as usual for certificates that are renewed by a program. */
export const SERVER_LIFE_MS = 90 * DAY_MS
/** Callers that pin the authority by hand are asked once in seven years. */
export const AUTHORITY_LIFE_MS = 3650 * DAY_MS
