import type { ErrorCode } from '../core/errors.ts'
import type { IdBatch } from '../core/id-batch.ts'
import type { Caller } from './authenticator.ts'
import { UNKNOWN_DC } from './dc-traffic.ts'
import type { Issuer } from './issuer.ts'
import type { RequestLimits, UseCases } from './use-cases.ts'

/** The issuer of the main thread: straight out of the grants of this process. */
export class LocalIssuer implements Issuer {
  readonly limits: RequestLimits
  readonly #useCases: Pick<UseCases, 'authenticator' | 'directory' | 'generate' | 'ledger' | 'traffic'>

  constructor(
    useCases: Pick<UseCases, 'authenticator' | 'directory' | 'generate' | 'ledger' | 'limits' | 'traffic'>,
  ) {
    this.limits = useCases.limits
    this.#useCases = useCases
  }

  peekCaller(keyText: string | undefined, digest?: string): Caller | undefined {
    return this.#useCases.authenticator.peek(keyText, digest)
  }

  authenticate(keyText: string | undefined): Promise<Caller> {
    return this.#useCases.authenticator.authenticate(keyText)
  }

  tryTake(path: string, count: number, batch: IdBatch, requests: number, nowMs?: number): boolean {
    const { directory, generate } = this.#useCases
    const tag = directory.peek(path)
    return tag !== undefined && generate.tryTake(tag, count, batch, requests, nowMs)
  }

  async take(path: string, count: number, batch: IdBatch, requests: number): Promise<void> {
    const { directory, generate } = this.#useCases
    await generate.take(await directory.resolve(path), count, batch, requests)
  }

  tryTakeRun(path: string, count: number, batch: IdBatch): boolean {
    const { directory, generate } = this.#useCases
    const tag = directory.peek(path)
    return tag !== undefined && generate.tryTakeRun(tag, count, batch)
  }

  async takeRun(path: string, count: number, batch: IdBatch): Promise<void> {
    const { directory, generate } = this.#useCases
    await generate.takeRun(await directory.resolve(path), count, batch)
  }

  count(keyId: string, path: string, outcome: 'ok' | ErrorCode, requests: number, ids: number): void {
    const { directory, ledger, traffic } = this.#useCases
    traffic.count(UNKNOWN_DC, requests)
    // Names out of thin air would fill the ledger, and with it the audit log, as fast as a client can invent them.
    const subject = outcome === 'ok' || directory.peek(path) !== undefined ? path : '*'
    ledger.countMany(keyId, subject, outcome, { requests, ids })
  }
}
