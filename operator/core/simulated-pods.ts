import type { RevisionState } from './rollout-snapshot.ts'
import { printTimestamp } from './timestamp.ts'

/** How the pods of a revision behave. */
export interface PodBehaviour {
  /** From being asked for to being available; Infinity: never. */
  readonly startMs: number
  /** No pod is available whatever its age. */
  readonly down?: boolean
  readonly failing?: { readonly reason: string; readonly message: string }
}

interface SimulatedDeployment {
  readonly createdMs: number
  /** When each pod was asked for. */
  bornMs: number[]
}

/** For tests: Deployments and their pods in virtual time. */
export class SimulatedPods {
  readonly behaviours = new Map<string, PodBehaviour>()
  /** How long a pod takes to end. */
  endMs = 0
  /** When each pod that was to end has ended. */
  #endings: number[] = []
  readonly #deployments = new Map<string, SimulatedDeployment>()

  states(nowMs: number): RevisionState[] {
    return [...this.#deployments].map(([revision, { createdMs, bornMs }]) => {
      const available = bornMs.filter((born) => this.#isAvailable(revision, born, nowMs)).length
      const { failing } = this.#behaviour(revision)
      return {
        revision,
        createdAt: printTimestamp(createdMs),
        replicas: bornMs.length,
        ready: available,
        available,
        ...(failing === undefined || available === bornMs.length ? {} : { failing }),
      }
    })
  }

  scale(revision: string, replicas: number, nowMs: number): void {
    const deployment = this.#deployments.get(revision) ?? { createdMs: nowMs, bornMs: [] }
    this.#deployments.set(revision, deployment)
    // As a ReplicaSet does it: those that are not available go first, then the youngest.
    const sorted = deployment.bornMs.toSorted(
      (a, b) =>
        Number(this.#isAvailable(revision, b, nowMs)) - Number(this.#isAvailable(revision, a, nowMs)) ||
        a - b,
    )
    const gone = Math.max(0, sorted.length - replicas)
    if (this.endMs > 0) this.#endings.push(...Array<number>(gone).fill(nowMs + this.endMs))
    deployment.bornMs = [...sorted, ...Array<number>(replicas).fill(nowMs)].slice(0, replicas)
  }

  /** A node is drained: that many pods start anew. */
  evict(revision: string, count: number, nowMs: number): void {
    const deployment = this.#deployments.get(revision)
    if (deployment === undefined) return
    deployment.bornMs = deployment.bornMs.map((born, at) => (at < count ? nowMs : born))
  }

  /** Pods that were taken away and have not ended. */
  ending(nowMs: number): number {
    this.#endings = this.#endings.filter((at) => at > nowMs)
    return this.#endings.length
  }

  remove(revision: string): void {
    this.#deployments.delete(revision)
  }

  nextChangeMs(nowMs: number): number {
    const times = [...this.#deployments].flatMap(([revision, { bornMs }]) => {
      const { startMs, down } = this.#behaviour(revision)
      return down === true ? [] : bornMs.map((born) => born + startMs).filter((at) => at > nowMs)
    })
    return Math.min(Number.POSITIVE_INFINITY, ...times, ...this.#endings.filter((at) => at > nowMs))
  }

  count(revision: string): number {
    return this.#deployments.get(revision)?.bornMs.length ?? 0
  }

  print(): string {
    return [...this.#deployments].map(([revision, { bornMs }]) => `${revision}:${bornMs.length}`).join(' ')
  }

  #behaviour(revision: string): PodBehaviour {
    return this.behaviours.get(revision) ?? { startMs: 5000 }
  }

  #isAvailable(revision: string, bornMs: number, nowMs: number): boolean {
    const { startMs, down } = this.#behaviour(revision)
    return down !== true && bornMs + startMs <= nowMs
  }
}
