import type { IssuedIds } from '../fixtures/issued-ids.ts'
import type { OutcomeCounts } from '../fixtures/outcome-timeline.ts'
import type { PacedLoad } from '../fixtures/paced-load.ts'
import type { Installation, InstallationOptions } from './installation.ts'
import type { MetricValues } from './metric-changes.ts'

/** short: what CI runs, some scenarios, seconds each. long: all of them, with the times that the requirement names. */
export type Form = 'short' | 'long'

export const FORM: Form = process.env['FAULTS'] === 'long' ? 'long' : 'short'

/** A scenario as it is under way. */
export interface Stage {
  readonly installation: Installation
  readonly load: PacedLoad
  readonly issued: IssuedIds
  /** Facts for the report, for example `new pod issues after: 1.9 s`. */
  readonly measured: Map<string, string>
  readonly requestsPerSecond: number
}

/** One fault: what is done to a running installation under load, and what must be true of it. */
export interface Scenario {
  /** Names it in files: kebab-case. */
  readonly name: string
  /** For people: what happens. */
  readonly title: string
  readonly installation?: InstallationOptions
  /** What this machine lacks for it: then it is skipped, with this reason. */
  readonly missing?: () => string | undefined
  /** Seconds between the fault and its end; default 8. */
  readonly holdS?: number
  /** Half of the most these services can do with this client, measured before; default: 200 requests a second. */
  readonly halfOfTheMost?: true
  /** Longest wait of the client for one answer; default 6 s. */
  readonly answerLimitS?: number
  /** Before the load starts. */
  readonly prepare?: (installation: Installation) => Promise<void>
  /** Under load, before the fault: takes the backup that is restored later, say. */
  readonly beforeFault?: (stage: Stage) => Promise<void>
  readonly inject: (stage: Stage) => Promise<void>
  /** Default: nothing, the fault ends by itself. */
  readonly heal?: (stage: Stage) => Promise<void>
  /** How requests may fail between fault and recovery (codes of CallFailed); default: none may. */
  readonly mayFail?: readonly string[]
  /** Tags of which requests may fail; default: every one, as `mayFail` says. */
  readonly mayFailOf?: readonly string[]
  /** Tags that must be seen degraded during the fault. */
  readonly degrades?: readonly string[]
  /** Tags that must have nothing but their first choice all the time; default: what `TAGS` says is steady. */
  readonly steady?: readonly string[]
  /** Longest time from the end of the fault until all is as before; default 30 s. */
  readonly normalWithinS?: number
  /** A service may answer /readyz with 503: it is started again, or stopped. */
  readonly mayBeUnready?: boolean
  /** What else must be true, after all is normal again. */
  readonly check?: (stage: Stage, observation: Observation) => Promise<void> | void
}

/** Moments by performance.now(), and what the metrics said at them. */
export interface Times {
  readonly faultMs: number
  readonly faultAt: Date
  readonly healMs: number
  readonly healedMs: number
  /** undefined: never within the limit. */
  readonly normalMs: number | undefined
  readonly metrics: readonly [MetricValues, MetricValues, MetricValues]
  /** Lines each process had logged before the fault, by process id. */
  readonly linesBefore: ReadonlyMap<number, number>
}

/** What was seen of one scenario; a row and a section of docs/reliability.md. */
export interface Observation {
  readonly name: string
  readonly title: string
  readonly form: Form
  readonly requestsPerSecond: number
  readonly faultS: number
  readonly ids: number
  readonly idsPerProtocol: Readonly<Record<string, number>>
  readonly duplicates: number
  /** From the fault to its end. */
  readonly during: OutcomeCounts
  /** From the fault until the end of the run. */
  readonly afterwards: OutcomeCounts
  /** Per tag, from the fault until all was normal; milliseconds. */
  readonly longestSilenceMs: Readonly<Record<string, number>>
  /** From the end of the fault until all was as before; undefined: never. */
  readonly normalAfterMs: number | undefined
  readonly measured: Readonly<Record<string, string>>
  readonly readyz: readonly string[]
  readonly metrics: readonly string[]
  readonly log: readonly string[]
  readonly audit: readonly string[]
}

/**
 * The tags of every scenario. `orders` lives from small segments, so that allocations meet every fault and what is in
 * memory (eight of them) is used up in seconds; then it goes down its chain. `stock` is numeric and has its prefetch set for a minute, which is what bridges a fault.
 */
export const TAGS = {
  orders: { algorithm: 'segment', step: { base: 100, min: 50, max: 150 } },
  stock: { chain: ['segment'], step: { base: 1_000_000, min: 1_000_000, max: 1_000_000 } },
  events: { algorithm: 'snowflake' },
  sessions: { algorithm: 'uuid-v7' },
  coupons: { algorithm: 'uuid-v4' },
} as const
/** They answer with numbers only, so they can be asked for runs. */
export const NUMERIC_TAGS = ['stock'] as const
export const STEADY_TAGS = ['stock', 'sessions', 'coupons'] as const
