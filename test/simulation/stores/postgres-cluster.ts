import type { Host } from '../world/host.ts'
import { PostgresServer, type ServerSurroundings } from './postgres-server.ts'
import { EMPTY_STATE, type PostgresState } from './postgres-state.ts'

/**
 * A primary, the standby that may take its place, and, while the cluster is split, the old primary that still answers
 * some hosts.
 */
export class PostgresCluster {
  readonly name: string
  /** Data centres that keep their records here. */
  readonly dcs: readonly number[]
  #primary: PostgresServer
  #old: PostgresServer | undefined
  readonly #onOld = new Set<string>()
  readonly #around: ServerSurroundings
  #starts = 1

  constructor(name: string, dcs: readonly number[], around: ServerSurroundings) {
    this.name = name
    this.dcs = dcs
    this.#around = around
    this.#primary = new PostgresServer({ system: name, timeline: 1, start: 1 }, EMPTY_STATE, around)
  }

  get primary(): PostgresServer {
    return this.#primary
  }

  /** Those that answer somebody. */
  get servers(): readonly PostgresServer[] {
    return this.#old === undefined ? [this.#primary] : [this.#primary, this.#old]
  }

  get split(): boolean {
    return this.#old !== undefined
  }

  serverOf(host: Host): PostgresServer {
    return this.#old !== undefined && this.#onOld.has(host.name) ? this.#old : this.#primary
  }

  /** The same data under a new history: a restart (no commit lost), a promoted standby, or a restored backup. */
  replacePrimary(state: PostgresState, timeline: 'same' | 'next'): void {
    this.#primary.dropAll()
    this.#primary = this.#successor(state, timeline)
  }

  /** A standby is promoted while the old primary still answers the hosts named. */
  splitOff(state: PostgresState, onOld: readonly string[]): void {
    this.#old = this.#primary
    this.#onOld.clear()
    for (const name of onOld) this.#onOld.add(name)
    this.#primary = this.#successor(state, 'next')
  }

  /** The old primary is switched off at last. */
  fenceOld(): void {
    this.#old?.dropAll()
    this.#old = undefined
  }

  #successor(state: PostgresState, timeline: 'same' | 'next'): PostgresServer {
    const { system, timeline: before } = this.#primary.identity
    this.#starts += 1
    const identity = { system, timeline: timeline === 'same' ? before : before + 1, start: this.#starts }
    const server = new PostgresServer(identity, state, this.#around)
    Object.assign(server.trouble, this.#primary.trouble)
    return server
  }
}
