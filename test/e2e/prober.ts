import { setTimeout as pause } from 'node:timers/promises'
import type { IssuedIds } from '../fixtures/issued-ids.ts'
import { AskFailed } from './ask-ids.ts'
import { LANES, type Lane, openLane } from './probe-lanes.ts'
import type { ProbeTarget } from './probe-target.ts'

export interface Failure {
  readonly at: Date
  readonly lane: string
  readonly code: string
  readonly message: string
}

/** What came of the questions since a moment. */
export interface Outcomes {
  readonly answered: number
  readonly failures: readonly Failure[]
  /** Streams that a server ended because it went, as the protocol's description says. */
  readonly streamsMoved: number
}

/**
 * Callers that ask all the time, over every protocol, each with the connections that such callers have. Every ID is
 * kept; a question that fails is not asked again, so each failure is one that a caller saw.
 */
export class Prober {
  readonly #issued: IssuedIds
  readonly #tags: readonly string[]
  readonly #failures: Failure[] = []
  readonly #answered = new Map<string, number>()
  #streamsMoved = 0
  #stopping = false
  #lanes: Promise<void>[] = []

  constructor(issued: IssuedIds, tags: readonly string[]) {
    this.#issued = issued
    this.#tags = tags
  }

  start(target: ProbeTarget): void {
    this.#stopping = false
    this.#lanes = LANES.map((name) => this.#run(name, openLane(name, target)))
  }

  /** Asks nothing more and waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#lanes)
    this.#lanes = []
  }

  get failures(): readonly Failure[] {
    return this.#failures
  }

  get streamsMoved(): number {
    return this.#streamsMoved
  }

  /** Answers per lane. */
  get answered(): ReadonlyMap<string, number> {
    return this.#answered
  }

  /** From now on; call what it gives to read. */
  mark(): () => Outcomes {
    const before = { failures: this.#failures.length, answered: this.#total(), moved: this.#streamsMoved }
    return () => ({
      answered: this.#total() - before.answered,
      failures: this.#failures.slice(before.failures),
      streamsMoved: this.#streamsMoved - before.moved,
    })
  }

  #total(): number {
    return [...this.#answered.values()].reduce((sum, count) => sum + count, 0)
  }

  async #run(name: string, lane: Lane): Promise<void> {
    // Side by side: all at the same moment would be no steady load.
    await pause(Math.random() * PERIOD_MS)
    for (let turn = 0; !this.#stopping; turn += 1) {
      const tag = this.#tags[turn % this.#tags.length] ?? ''
      const startMs = performance.now()
      const take = (ids: readonly string[]): void => {
        for (const id of ids) this.#issued.text(tag, id, name)
        this.#answered.set(name, (this.#answered.get(name) ?? 0) + 1)
      }
      await lane
        .ask(tag, { take, pause: () => pause(PERIOD_MS), ended: () => this.#stopping })
        .catch((thrown: unknown) => this.#failed(name, thrown))
      await pause(Math.max(0, PERIOD_MS - (performance.now() - startMs)))
    }
    lane.close()
  }

  #failed(lane: string, thrown: unknown): void {
    const code = thrown instanceof AskFailed ? thrown.code : 'unknown'
    if (lane.startsWith('grpc stream') && code === STREAM_MOVED) this.#streamsMoved += 1
    else
      this.#failures.push({
        at: new Date(),
        lane,
        code,
        message: thrown instanceof Error ? thrown.message : String(thrown),
      })
  }
}

/** proto/idgen/v1/id_service.proto, GenerateStream: a server that shuts down ends its streams; open another one. */
const STREAM_MOVED = 'IDGEN_SHUTTING_DOWN'
/** Often enough to see every gap; a dozen lanes of it leave a small machine most of its time. */
const PERIOD_MS = 150
