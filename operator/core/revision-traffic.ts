import type { PodCounters } from './exposition.ts'

/** What the pods of one revision did in a window of time. A field is absent while no pod tells it. */
export interface Traffic {
  readonly answered: number
  readonly failed: number
  readonly degraded?: number
  readonly duplicates: number
  readonly durations?: ReadonlyMap<number, number>
}

/**
 * Adds up what the pods of a revision did between looks at them. Kept in memory only: an operator that starts anew loses
 * the window that was open, never a judgement.
 */
export class RevisionTraffic {
  /** By pod. */
  #last = new Map<string, PodCounters>()
  #sum: Traffic = NOTHING

  /** One look at every pod that answered. A pod seen for the first time only sets where it counts from. */
  observe(pods: ReadonlyMap<string, PodCounters>): void {
    for (const [pod, now] of pods) {
      const before = this.#last.get(pod)
      if (before !== undefined) this.#sum = add(this.#sum, difference(before, now))
      this.#last.set(pod, now)
    }
  }

  /** Forgets pods that are gone, or a year of rollouts would be kept. */
  keepOnly(pods: ReadonlySet<string>): void {
    for (const pod of this.#last.keys()) if (!pods.has(pod)) this.#last.delete(pod)
  }

  /** Since the window was opened. */
  get traffic(): Traffic {
    return this.#sum
  }

  /** Opens the next window where this one ends. */
  openWindow(): void {
    this.#sum = NOTHING
  }
}

const NOTHING: Traffic = { answered: 0, failed: 0, duplicates: 0 }

/** What happened between two looks at one process, or since its start where it is another one. */
function difference(before: PodCounters, now: PodCounters): Traffic {
  const isSame = before.processStart !== undefined && before.processStart === now.processStart
  const isUnknown = before.processStart === undefined || now.processStart === undefined
  const grown = (from: number | undefined, to: number): number => {
    if (from === undefined) return isSame ? 0 : to
    if (isSame || isUnknown) {
      if (to >= from) return to - from
      // A deleted tag takes its share out of a sum; that is no restart, and the rest is no news.
      return isSame ? 0 : to
    }
    return to
  }
  const { degraded, durations } = now
  return {
    answered: now.answered === undefined ? 0 : grown(before.answered, now.answered),
    failed: now.failed === undefined ? 0 : grown(before.failed, now.failed),
    duplicates: now.duplicates === undefined ? 0 : grown(before.duplicates, now.duplicates),
    ...(degraded === undefined ? {} : { degraded: grown(before.degraded, degraded) }),
    ...(durations === undefined
      ? {}
      : {
          durations: new Map(
            [...durations].map(([bound, count]) => [bound, grown(before.durations?.get(bound), count)]),
          ),
        }),
  }
}

function add(one: Traffic, other: Traffic): Traffic {
  const degraded = sum(one.degraded, other.degraded)
  const durations = merge(one.durations, other.durations)
  return {
    answered: one.answered + other.answered,
    failed: one.failed + other.failed,
    duplicates: one.duplicates + other.duplicates,
    ...(degraded === undefined ? {} : { degraded }),
    ...(durations === undefined ? {} : { durations }),
  }
}

function sum(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined && other === undefined ? undefined : (one ?? 0) + (other ?? 0)
}

function merge(one: Traffic['durations'], other: Traffic['durations']): Traffic['durations'] {
  if (one === undefined || other === undefined) return one ?? other
  const merged = new Map(one)
  for (const [bound, count] of other) merged.set(bound, (merged.get(bound) ?? 0) + count)
  return merged
}
