import { IdgenError } from '../../../service/core/errors.ts'
import type { Host } from './host.ts'
import type { Prng } from './prng.ts'
import type { Tally } from './tally.ts'
import type { VirtualTime } from './virtual-time.ts'

/** One direction between a host and a store. */
export interface Way {
  cut: boolean
  /** Of a message to get lost, 0..1. */
  loss: number
  /** Most milliseconds a message takes. */
  slowMs: number
}

export interface Link {
  readonly there: Way
  readonly back: Way
  /** A request arrives twice; only where a store is asked by a protocol that may repeat. */
  twice: number
}

export interface Call<T> {
  readonly host: Host
  /** e.g. "etcd", "pg0", "redis1". */
  readonly store: string
  /** For the trace. */
  readonly what: string
  readonly deadlineMs: number
  /** Carried out at the store. May wait there, for a lock. What it throws is the answer. */
  readonly serve: () => T | Promise<T>
  /** Why the store refuses connections now; undefined: it answers. */
  readonly down: () => string | undefined
  readonly fail: (why: string) => IdgenError
  /** The limits of the promise ask for an answer: no fault of the network touches this one. */
  readonly spared?: boolean
}

/** A directed test holds messages back: the promise is waited for before the request, or the answer, goes on. */
export type Gate = (
  call: { host: string; store: string; what: string },
  way: 'there' | 'back',
) => Promise<void> | undefined

/**
 * Messages between hosts and stores. Each takes its time, is lost or comes late; whoever waits gives up at its
 * deadline and never learns whether the request was carried out.
 */
export class Network {
  gate: Gate | undefined
  readonly #time: VirtualTime
  readonly #random: Prng
  readonly #tally: Tally
  readonly #links = new Map<string, Link>()
  readonly #troubledUntilMs = new Map<string, number>()

  constructor(time: VirtualTime, random: Prng, tally: Tally) {
    this.#time = time
    this.#random = random
    this.#tally = tally
  }

  link(host: Host, store: string): Link {
    const name = `${host.name} ${store}`
    const known = this.#links.get(name)
    if (known !== undefined) return known
    const link = { there: newWay(), back: newWay(), twice: 0 }
    this.#links.set(name, link)
    return link
  }

  healthy(host: Host, store: string): boolean {
    const { there, back } = this.link(host, store)
    return [there, back].every((way) => !way.cut && way.loss === 0 && way.slowMs === USUAL_MS)
  }

  /** Something went wrong between the two so lately that a call may still wait for an answer that never comes. */
  troubled(host: Host, store: string): boolean {
    return (this.#troubledUntilMs.get(`${host.name} ${store}`) ?? 0) > this.#time.nowMs
  }

  /** A store broke all its connections. */
  trouble(host: Host, store: string): void {
    this.#troubledUntilMs.set(`${host.name} ${store}`, this.#time.nowMs + TROUBLE_MS)
  }

  /** All links as new. Messages on their way stay so. */
  heal(): void {
    for (const link of this.#links.values()) {
      Object.assign(link.there, newWay())
      Object.assign(link.back, newWay())
      link.twice = 0
    }
  }

  call<T>(call: Call<T>): Promise<T> {
    const { host, store, what } = call
    const run = host.run
    const link = this.link(host, store)
    const answer = Promise.withResolvers<T>()
    const deadline = host.clock.after(call.deadlineMs, () => {
      this.#tally.add(`gave up waiting for ${store.replace(/\d+$/, '')}`)
      answer.reject(call.fail(`no answer within ${call.deadlineMs} ms`))
    })
    const back = (settle: () => void): void =>
      this.#travel(call, link, 'back', () =>
        host.deliver(run, () => {
          deadline[Symbol.dispose]()
          settle()
        }),
      )
    const arrive = (): void => {
      const why = call.down()
      if (why !== undefined) return back(() => answer.reject(call.fail(why)))
      serve(call).then(
        (value) => back(() => answer.resolve(value)),
        (thrown: unknown) =>
          back(() => answer.reject(thrown instanceof IdgenError ? thrown : call.fail(String(thrown)))),
      )
    }
    this.#travel(call, link, 'there', arrive)
    if (link.twice > 0 && this.#random.chance(link.twice)) {
      this.#tally.add(`${what.split(' ')[0]} arrived twice`)
      this.#travel(call, link, 'there', () => {
        if (call.down() === undefined) void serve(call).catch(() => {})
      })
    }
    return answer.promise
  }

  /** A message nobody waits for: a connection that is closed. */
  send(host: Host, store: string, arrive: () => void): void {
    const { there } = this.link(host, store)
    if (there.cut || this.#random.chance(there.loss)) return
    this.#time.after(this.#random.between(FASTEST_MS, there.slowMs), arrive)
  }

  #travel<T>(call: Call<T>, link: Link, direction: 'there' | 'back', arrive: () => void): void {
    const { host, store, what } = call
    const gated = this.gate?.({ host: host.name, store, what }, direction)
    if (gated !== undefined) {
      void gated.then(() => this.#time.after(0, arrive))
      return
    }
    if (call.spared === true) {
      this.#time.after(this.#random.between(FASTEST_MS, USUAL_MS), arrive)
      return
    }
    const way = link[direction]
    // A way that is cut now may be whole again when the message is sent once more by TCP; then it comes late.
    if (way.slowMs > USUAL_MS) this.trouble(host, store)
    if (way.cut || this.#random.chance(way.loss)) {
      this.trouble(host, store)
      const late = this.#random.chance(LATE_SHARE)
      this.#tally.add(late ? 'message late by seconds' : `message lost on the way ${direction}`)
      if (late) this.#time.after(this.#random.between(LATE_MIN_MS, LATE_MAX_MS), arrive)
      return
    }
    this.#time.after(this.#random.between(FASTEST_MS, way.slowMs), arrive)
  }
}

async function serve<T>(call: Call<T>): Promise<T> {
  return await call.serve()
}

function newWay(): Way {
  return { cut: false, loss: 0, slowMs: USUAL_MS }
}

const FASTEST_MS = 0.2
export const USUAL_MS = 3
/** Of the messages that do not come in time: these come at last. */
const LATE_SHARE = 0.3
const LATE_MIN_MS = 300
const LATE_MAX_MS = 12_000
/** Longer than anybody waits for an answer (stores/). */
const TROUBLE_MS = 5000
