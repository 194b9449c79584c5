import type { AlgorithmName } from '../core/algorithm.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { IdBatch } from '../core/id-batch.ts'
import type { Attempt } from './attempt.ts'
import type { Caller } from './authenticator.ts'
import type { RateLimits } from './rate-limits.ts'
import type { RequestLimits } from './use-cases.ts'

/**
 * Where a fast protocol gets its IDs: in the main thread out of grants (LocalIssuer), in a protocol thread out of the
 * shares that the main thread lends. Paths are `w/g/t`. Whoever issues checks the caller's rights first (`authorize`).
 */
export interface Issuer {
  readonly limits: RequestLimits
  /** Asked before IDs are taken, and before a key is looked up. */
  readonly rates: Pick<
    RateLimits,
    'now' | 'admitAtPlaces' | 'placesOf' | 'refusal' | 'admitAddress' | 'admitKey' | 'admitTag'
  >
  /** For who asks for this tag again and again. Whether there is such a tag is found out when IDs are taken. */
  remember(path: string): RememberedTag
  /** As Authenticator.peek: one map look-up. undefined: ask `authenticate`. */
  peekCaller(keyText: string | undefined, digest?: string, nowMs?: number): Caller | undefined
  /** `client`: who asks, by address; `attempt`: what for, where that is written down. @throws IDGEN_RATE_LIMITED, IDGEN_UNAUTHENTICATED, IDGEN_STORE_UNAVAILABLE, IDGEN_DEADLINE_EXCEEDED */
  authenticate(keyText: string | undefined, client: string, attempt?: Attempt): Promise<Caller>
  /**
   * Issues `count` IDs into the empty batch if all are in memory. No promise, no allocation. false: call `take` with
   * the same arguments. `requests`: of how many callers' commands this is the sum, for the metrics; 0: more
   * for a command that was counted. `nowMs`: what the wall clock says, for who has looked.
   */
  tryTake(path: string, count: number, batch: IdBatch, requests: number, nowMs?: number): boolean
  /** @throws as GenerateIds.take and TagDirectory.resolve; what was taken is burnt then */
  take(path: string, count: number, batch: IdBatch, requests: number): Promise<void>
  /**
   * The same for `count` consecutive numbers in one run, below 2^53: all of it or nothing. An implementation that has
   * none in memory may always say false.
   * @throws as GenerateIds.tryTakeRun
   */
  tryTakeRun(path: string, count: number, batch: IdBatch): boolean
  /** undefined: not known here; `prepare` finds out. */
  issuesBy(path: string): IssuesBy | undefined
  /** Brings the tag into memory, and a share of one ID at most. @throws as take */
  prepare(path: string): Promise<void>
  takeRun(path: string, count: number, batch: IdBatch): Promise<void>
  /** So many more calls of a client in this data centre (clientDcOf). */
  countClients(clientDc: number, calls: number): void
  /**
   * What became of `requests` calls of one key, and of how many IDs, for the audit log and the metrics. Called once
   * per tag and burst of commands, which were counted for their client by `countClients`. `path` may name no tag at all: then it is not written down.
   */
  count(keyId: string, path: string, outcome: 'ok' | ErrorCode, requests: number, ids: number): void
  /** So many commands of one burst found their ID in memory (RememberedTag.tryTake), of all its tags. */
  countTaken(commands: number): void
  /** So many commands of one burst were answered with an ID (RememberedTag.countAnswered), of all its tags. */
  countAnswered(commands: number): void
}

/**
 * One tag of an issuer, with what the issuer would look up by its path each time. With a hundred tags in turn these look-ups
 * were half of what a single ID costs. Never outdated: each call makes sure that what is remembered still counts.
 */
export interface RememberedTag {
  /** As RateLimits.admitForTag. */
  admit(wanted: number, nowMs: number): number
  /**
   * As Issuer.tryTake of `count` commands for one ID each; `nowMs`: what the wall clock says in this turn. What was taken is told
   * to Issuer.countTaken.
   */
  tryTake(count: number, batch: IdBatch, nowMs: number): boolean
  /** As Issuer.count of `commands` that were answered with one ID each, but for what Issuer.countAnswered counts. */
  countAnswered(keyId: string, commands: number): void
}

/** By which algorithm a tag issues now, and by which it would if all were well. */
export interface IssuesBy {
  readonly active: AlgorithmName
  readonly first: AlgorithmName
  /** Its IDs are texts in a format of their own: there are no plain numbers of it. */
  readonly formatted: boolean
  /** Its numbers, where it gives any now, are below 2^53. */
  readonly safe: boolean
}

/** What a protocol needs beyond it whose calls bear a trace and the data centre of their client. */
export interface TracedIssuer extends Issuer {
  readonly rates: RateLimits
  /** Whether the tag is in memory: one map look-up. */
  knows(path: string): boolean
  /** As `count`, of one call. */
  countCall(
    keyId: string,
    path: string,
    outcome: 'ok' | ErrorCode,
    ids: number,
    traceId: string | undefined,
  ): void
}
