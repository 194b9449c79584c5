import type { DurationHistogram } from '../core/duration-histogram.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { IdBatch } from '../core/id-batch.ts'
import { givesSafeNumbers } from '../core/id-format.ts'
import type { Attempt } from './attempt.ts'
import type { Caller } from './authenticator.ts'
import type { IssuesBy, RememberedTag, TracedIssuer } from './issuer.ts'
import type { LiveTag } from './live-tag.ts'
import { LocalTag } from './local-tag.ts'
import type { IssuingProtocol } from './protocol-counts.ts'
import type { RateLimits } from './rate-limits.ts'
import type { RequestLimits, UseCases } from './use-cases.ts'

/** The issuer of the main thread: straight out of the grants of this process. */
export class LocalIssuer implements TracedIssuer {
  readonly limits: RequestLimits
  readonly rates: RateLimits
  /** Over which its callers come. */
  readonly #protocol: IssuingProtocol
  readonly #durations: DurationHistogram
  readonly #useCases: Pick<
    UseCases,
    'authenticator' | 'directory' | 'generate' | 'ledger' | 'protocols' | 'rates' | 'signIn' | 'traffic'
  >

  constructor(
    useCases: Pick<
      UseCases,
      | 'authenticator'
      | 'directory'
      | 'generate'
      | 'ledger'
      | 'limits'
      | 'protocols'
      | 'rates'
      | 'signIn'
      | 'traffic'
    >,
    protocol: IssuingProtocol,
  ) {
    this.#protocol = protocol
    this.#durations = useCases.protocols.durations[protocol]
    this.limits = useCases.limits
    this.rates = useCases.rates
    this.#useCases = useCases
  }

  peekCaller(keyText: string | undefined, digest?: string, nowMs?: number): Caller | undefined {
    return this.#useCases.authenticator.peek(keyText, digest, nowMs)
  }

  authenticate(keyText: string | undefined, client: string, attempt?: Attempt): Promise<Caller> {
    return this.#useCases.signIn.authenticate(keyText, client, attempt)
  }

  remember(path: string): RememberedTag {
    return new LocalTag(path, this.#useCases)
  }

  // oxlint-disable-next-line max-params -- as the interface
  tryTake(path: string, count: number, batch: IdBatch, requests: number, nowMs?: number): boolean {
    const { directory, generate } = this.#useCases
    const tag = directory.peek(path)
    if (tag === undefined || !generate.tryTake(tag, count, batch, requests, nowMs)) return false
    this.#durations.observeInstant(requests)
    if (requests === 0) this.#countMore(tag, count, batch)
    return true
  }

  async take(path: string, count: number, batch: IdBatch, requests: number): Promise<void> {
    const { directory, generate } = this.#useCases
    const tag = await directory.resolve(path)
    await generate.take(tag, count, batch, requests, this.#durations)
    if (requests === 0) this.#countMore(tag, count, batch)
  }

  /** More IDs of a request that was counted already: to GenerateIds, 0 requests are a share that is counted later. */
  #countMore(tag: LiveTag, count: number, batch: IdBatch): void {
    this.#useCases.generate.count(tag, batch, 0, count)
  }

  tryTakeRun(path: string, count: number, batch: IdBatch): boolean {
    const { directory, generate } = this.#useCases
    const tag = directory.peek(path)
    if (tag === undefined || !generate.tryTakeRun(tag, count, batch)) return false
    this.#durations.observeInstant(1)
    return true
  }

  async takeRun(path: string, count: number, batch: IdBatch): Promise<void> {
    const { directory, generate } = this.#useCases
    await generate.takeRun(await directory.resolve(path), count, batch, 1, this.#durations)
  }

  count(keyId: string, path: string, outcome: 'ok' | ErrorCode, requests: number, ids: number): void {
    const { ledger, protocols } = this.#useCases
    protocols.count(this.#protocol, outcome, requests)
    ledger.countMany(keyId, this.#subjectOf(path, outcome), outcome, { requests, ids })
  }

  countTaken(commands: number): void {
    this.#durations.observeInstant(commands)
  }

  countAnswered(commands: number): void {
    this.#useCases.protocols.count(this.#protocol, 'ok', commands)
  }

  knows(path: string): boolean {
    return this.#useCases.directory.peek(path) !== undefined
  }

  issuesBy(path: string): IssuesBy | undefined {
    const tag = this.#useCases.directory.peek(path)
    if (tag === undefined) return undefined
    const active = tag.router.active.name
    const { chain, space } = tag.tag
    const safe = givesSafeNumbers(active, space.format)
    return { active, first: chain[0] ?? active, formatted: tag.printer !== undefined, safe }
  }

  async prepare(path: string): Promise<void> {
    await this.#useCases.directory.resolve(path)
  }

  countClients(clientDc: number, calls: number): void {
    this.#useCases.traffic.count(clientDc, calls)
  }

  countCall(...[keyId, path, outcome, ids, traceId]: Parameters<TracedIssuer['countCall']>): void {
    this.#useCases.protocols.count(this.#protocol, outcome, 1)
    this.#useCases.ledger.count(keyId, this.#subjectOf(path, outcome), outcome, ids, traceId)
  }

  /** Names out of thin air would fill the ledger, and with it the audit log, as fast as a client can invent them. */
  #subjectOf(path: string, outcome: 'ok' | ErrorCode): string {
    return outcome === 'ok' || this.knows(path) ? path : '*'
  }
}
