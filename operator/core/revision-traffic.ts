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
  const { degraded, durations } = now
  const grown = growth(before.processStart, now.processStart)
  return {
    answered: grown(before.answered, now.answered),
    failed: grown(before.failed, now.failed),
    duplicates: grown(before.duplicates, now.duplicates),
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

/** A counter that is not printed yet is 0. */
type Growth = (from: number | undefined, to: number | undefined) => number

function growth(startBefore: number | undefined, startNow: number | undefined): Growth {
  const isKnown = startBefore !== undefined && startNow !== undefined
  if (isKnown && startBefore !== startNow) return (_from, to = 0) => to
  return (from = 0, to = 0) => {
    if (to >= from) return to - from
    // In the same process a deleted tag took its share out of the sum: what is left is no news.
    return isKnown ? 0 : to
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
