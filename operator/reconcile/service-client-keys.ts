import type { Socket } from 'node:net'

/**
 * Which key to ask with. Pods of two revisions may know different ones, and it is known of no call which pod it meets. But
 * TLS ends in the pod, so that a connection leads to the same one for as long as it lasts: what it refused is remembered.
 */
export class ConnectionKeys {
  /** Newest first: a canary is never asked with a key that it refuses, which would stand in its metrics. */
  readonly #keys: readonly [string, ...string[]]
  readonly #states = new WeakMap<Socket, KeyState>()

  constructor(newest: string, others: readonly string[]) {
    this.#keys = [newest, ...others]
  }

  keyFor(socket: Socket): string {
    return this.#keys[this.#stateOf(socket).index] ?? this.#keys[0]
  }

  /** True: the pod refused the key, and there is another one that it was not asked with yet. */
  refused(socket: Socket, httpStatus: number | undefined): boolean {
    const state = this.#stateOf(socket)
    if (httpStatus !== 401) {
      state.refusals = 0
      return false
    }
    state.index = (state.index + 1) % this.#keys.length
    state.refusals += 1
    if (state.refusals < this.#keys.length) return true
    // It knows none. The next call begins anew: a pod reads its key again by itself.
    state.refusals = 0
    return false
  }

  #stateOf(socket: Socket): KeyState {
    const known = this.#states.get(socket)
    if (known !== undefined) return known
    const state = { index: 0, refusals: 0 }
    this.#states.set(socket, state)
    return state
  }
}

interface KeyState {
  index: number
  /** In a row. */
  refusals: number
}
