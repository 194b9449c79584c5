import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { UseCases } from '../app/use-cases.ts'
import type { IdgenError } from '../core/errors.ts'
import type { IdBatch } from '../core/id-batch.ts'
import { QuotaHeaders } from './quota-headers.ts'

/**
 * Asks the rate limits about requests, each one once: what SingleId asked and then left to the router is not asked, and
 * not counted, again. What it took by then goes with the request.
 */
export class RequestAdmission {
  readonly #useCases: Pick<UseCases, 'rates' | 'addresses'>
  readonly #isCounted: (request: IncomingMessage) => boolean
  /** What was said of requests that went on to the router; forgotten with them. */
  readonly #decided = new WeakMap<IncomingMessage, IdgenError | typeof ADMITTED>()
  /** IDs that were taken for requests which need more; burnt with those that end otherwise. */
  readonly #begun = new WeakMap<IncomingMessage, IdBatch>()
  readonly #quotas: QuotaHeaders

  /** `isCounted`: whether the protocol thread that a request came to has counted its address (PassedRequests.isCounted). */
  constructor(
    useCases: Pick<UseCases, 'rates' | 'addresses'>,
    isCounted: (request: IncomingMessage) => boolean = () => false,
  ) {
    this.#useCases = useCases
    this.#isCounted = isCounted
    this.#quotas = new QuotaHeaders(useCases.rates)
  }

  /** All limits at once. false: leave it to the router, which then refuses it. */
  admits(request: IncomingMessage, keyId: string, path: string): boolean {
    const refused = this.#useCases.rates.admit(this.clientOf(request), keyId, path)
    if (refused !== undefined) this.#decided.set(request, refused)
    return refused === undefined
  }

  /** It was admitted, and the router answers it all the same. `begun`: the first of the IDs that it asks for. */
  passOn(request: IncomingMessage, begun: IdBatch | undefined): void {
    this.#decided.set(request, ADMITTED)
    if (begun !== undefined) this.#begun.set(request, begun)
  }

  /** What `passOn` was given, once. */
  begunOf(request: IncomingMessage): IdBatch | undefined {
    const begun = this.#begun.get(request)
    if (begun !== undefined) this.#begun.delete(request)
    return begun
  }

  /** One more request of its address, unless it was counted before. @throws IDGEN_RATE_LIMITED */
  admitAddress(request: IncomingMessage): void {
    if (this.#decided.has(request) || this.#isCounted(request)) return
    this.#useCases.rates.admitAddress(this.clientOf(request))
  }

  /** Before the API key is checked, and so before anything is looked up or read for the caller. */
  limitAddresses(app: FastifyInstance): void {
    app.addHook('onRequest', ({ raw }, _reply, done) => {
      this.admitAddress(raw)
      done()
    })
    app.addHook('onSend', (request, reply, payload, done) => {
      this.#tellLeft(request, reply)
      done(null, payload)
    })
  }

  /** After the API key was checked. */
  limitKeys(app: FastifyInstance): void {
    app.addHook('onRequest', ({ raw, caller }, _reply, done) => {
      const decided = this.#decided.get(raw)
      if (decided === undefined && caller !== undefined) this.#useCases.rates.admitKey(caller.keyId)
      done(decided === ADMITTED ? undefined : decided)
    })
  }

  /** The caller may use the tag. @throws IDGEN_RATE_LIMITED */
  limitTag(request: FastifyRequest, path: string): void {
    if (!this.#decided.has(request.raw)) this.#useCases.rates.admitTag(path)
    request.limitedTag = path
  }

  /** For an answer that the router does not give: what is left of the limits, a line for each header; "" where that is not told. */
  leftFields(request: IncomingMessage, keyId: string, path: string): string {
    const quotas = this.#quotas
    if (!quotas.on) return ''
    const limited = { address: this.clientOf(request), keyId, path }
    return `ratelimit-policy: ${quotas.policy(limited)}\r\nratelimit: ${quotas.left(limited)}\r\n`
  }

  #tellLeft({ raw, caller, limitedTag: path }: FastifyRequest, reply: FastifyReply): void {
    const quotas = this.#quotas
    // A refusal has said which limit it ran into.
    if (!quotas.on || reply.hasHeader('ratelimit')) return
    const limited = { address: this.clientOf(raw), keyId: caller?.keyId, path }
    const policy = quotas.policy(limited)
    if (policy !== '') reply.header('ratelimit-policy', policy).header('ratelimit', quotas.left(limited))
  }

  /** Who asks, by address, as the limits count it. */
  clientOf(request: IncomingMessage): string {
    return this.#useCases.addresses.clientOf(request)
  }
}

const ADMITTED = 'admitted'
