import { randomInt } from 'node:crypto'
import type { CallOptions } from '@grpc/grpc-js'
import { Etcd3 } from 'etcd3'
import { IdgenError } from '../../core/errors.ts'
import { NO_TRACER, traced } from '../../ports/tracer.ts'
import { EtcdNoAnswer, fromEtcdError, memberFailed, neverSent, tokenRejected } from './etcd-error.ts'
import { clientOptions, type Endpoint, type EtcdCoordinatorOptions, parseEndpoints } from './etcd-options.ts'
import { MemberSilence } from './member-silence.ts'

export interface Member {
  readonly endpoint: Endpoint
  readonly client: Etcd3
  readonly silence: MemberSilence
}

export interface Call<T> {
  /** For the error: "reading /dcs/0". */
  readonly doing: string
  /** The same call twice does no harm. Otherwise it goes to another member only if it certainly never left. */
  readonly repeatable: boolean
  readonly deadlineMs?: number
  /** It does not go through the member's client, so it says nothing about that one's connection. */
  readonly aside?: boolean
  run(member: Member, options: CallOptions): Promise<T>
}

/**
 * The members of the cluster and which of them is asked: always the same one, until it fails. Members are chosen at
 * random at first, so that the processes of an installation spread over them.
 */
export class EtcdMembers {
  readonly #options: EtcdCoordinatorOptions
  readonly #members: Member[]
  #preferred: number
  #opened = 0
  #closed = false

  /** Connects with the first call: an etcd that is down delays and breaks nothing here. */
  constructor(options: EtcdCoordinatorOptions) {
    this.#options = options
    this.#members = parseEndpoints(options.endpoints).map((endpoint) => this.#open(endpoint))
    this.#preferred = randomInt(this.#members.length)
  }

  /** @throws IDGEN_COORDINATION_UNAVAILABLE */
  call<T>(call: Call<T>): Promise<T> {
    const { tracer = NO_TRACER } = this.#options
    // The first word alone: keys are many.
    const name = `etcd: ${call.doing.split(' ', 1)[0]}`
    const facts = { 'db.system.name': 'etcd', 'idgen.doing': call.doing }
    return traced(tracer, { name, kind: 'client', facts }, () => this.#call(call))
  }

  async #call<T>(call: Call<T>): Promise<T> {
    const endMs = performance.now() + (call.deadlineMs ?? this.#options.timeoutMs)
    let failure: unknown
    // Once each, and one of them again: a call that failed elsewhere may just have closed this one's connection.
    for (let left = this.#members.length; left >= 0; left -= 1) {
      if (this.#closed) throw closed()
      const remainingMs = endMs - performance.now()
      if (remainingMs <= 0) break
      const member = this.#current()
      const beganMs = performance.now()
      try {
        const answer = await this.#once(call, member, this.#share(call, remainingMs, left))
        if (call.aside !== true) member.silence.answered()
        return answer
      } catch (thrown) {
        failure = thrown
        const failed = memberFailed(thrown)
        if (failed) this.leave(member)
        if (tokenRejected(thrown)) this.#reopen(member)
        if (call.aside !== true) this.#listen(member, beganMs, failed)
        if (!failed) break
        if (!call.repeatable && !neverSent(thrown)) break
      }
    }
    throw fromEtcdError(failure, call.doing)
  }

  /** This member failed: the next call goes to another one. */
  leave(member: Member): void {
    if (this.#current() === member) this.#preferred = (this.#preferred + 1) % this.#members.length
  }

  /** For questions to each of them by itself. */
  get all(): readonly Member[] {
    return this.#members
  }

  close(): void {
    this.#closed = true
    for (const { client } of this.#members) client.close()
  }

  /** A frozen member must not use up the time of a call that another one could answer. */
  #share(call: Call<unknown>, remainingMs: number, left: number): number {
    return call.repeatable && this.#members.length > 1 && left > 0 ? remainingMs / 2 : remainingMs
  }

  async #once<T>(call: Call<T>, member: Member, timeoutMs: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      // Besides gRPC's own deadline, which is made from the wall clock and does not cover the log-in.
      const why = `no answer within ${Math.round(timeoutMs)} ms`
      timer = setTimeout(() => reject(new EtcdNoAnswer(why)), timeoutMs)
    })
    try {
      return await Promise.race([call.run(member, { deadline: Date.now() + timeoutMs }), late])
    } finally {
      clearTimeout(timer)
    }
  }

  #current(): Member {
    const member = this.#members[this.#preferred]
    if (member === undefined) throw closed()
    return member
  }

  /** A refusal is an answer, too. */
  #listen(member: Member, beganMs: number, failed: boolean): void {
    if (!failed) member.silence.answered()
    else if (member.silence.missed(beganMs, performance.now())) this.#reopen(member)
  }

  #open(endpoint: Endpoint, silence = new MemberSilence()): Member {
    this.#opened += 1
    return { endpoint, client: new Etcd3(clientOptions(endpoint, this.#options, this.#opened)), silence }
  }

  #reopen(member: Member): void {
    const at = this.#members.indexOf(member)
    if (at < 0 || this.#closed) return
    this.#members[at] = this.#open(member.endpoint, member.silence)
    member.client.close()
  }
}

function closed(): IdgenError {
  return new IdgenError(
    'IDGEN_COORDINATION_UNAVAILABLE',
    'The connection to etcd is closed; nothing was sent.',
  )
}
