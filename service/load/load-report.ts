import type { CheckSummary } from './duplicate-check.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import type { LoadPlan } from './load-plan.ts'
import type { ErrorCount } from './load-stats.ts'
import type { ThreadInterval } from './load-thread.ts'

/** What a run found, as it is written to --json. Times are milliseconds unless the name says otherwise. */
export interface LoadReport {
  readonly plan: Omit<LoadPlan, 'key'>
  readonly startedAt: string
  /** What counted, without the warm-up. */
  readonly seconds: number
  readonly answers: number
  readonly ids: number
  readonly answersPerSecond: number
  readonly idsPerSecond: number
  readonly latency: Quantiles
  /** The part of the latency before a request was sent: no connection had room, or this tool was late. */
  readonly sendDelay: Quantiles
  readonly bytes: { readonly sent: number; readonly received: number }
  readonly errors: readonly ErrorCount[]
  readonly failures: number
  /** Requests of the open loop that found no room until the end. */
  readonly notSent: number
  readonly resent: number
  readonly reconnects: number
  /** undefined: not checked. */
  readonly check: CheckSummary | undefined
  readonly tool: ToolUse
  readonly intervals: readonly SecondReport[]
  /** Upper end in ms, and how many: the whole histogram. */
  readonly latencyClasses: readonly (readonly [number, number])[]
}

export interface ToolUse {
  /** Processors that this process used. */
  readonly cores: number
  /** Of the thread that waited least. */
  readonly busiestThread: number
  readonly version: string
  readonly node: string
}

export interface Quantiles {
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

export interface SecondReport {
  readonly second: number
  /** How long it was: the last one is a rest. */
  readonly ms: number
  readonly answers: number
  readonly ids: number
  readonly failures: number
  readonly p50: number
  readonly p99: number
  readonly underWay: number
}

/** Adds up what the threads hand over, second by second. */
export class ReportBuilder {
  readonly #plan: LoadPlan
  readonly #latency = new LatencyHistogram()
  readonly #delay = new LatencyHistogram()
  readonly #errors = new Map<string, ErrorCount>()
  readonly #seconds: SecondReport[] = []
  #counted = { answers: 0, ids: 0, bytesIn: 0, bytesOut: 0, resent: 0, reconnects: 0 }
  #busiest = 0

  constructor(plan: LoadPlan) {
    this.#plan = plan
  }

  /** One second of all threads. The warm-up is shown and not counted. */
  addSecond(parts: readonly ThreadInterval[]): SecondReport {
    const second = this.#seconds.length + 1
    const counts = second * 1000 > this.#plan.warmUpMs
    const latency = new LatencyHistogram()
    for (const part of parts) {
      latency.add(part.latency)
      if (counts) this.#count(part)
    }
    const report: SecondReport = {
      second,
      ms: Math.max(...parts.map(({ ms }) => ms)),
      answers: sumOf(parts, 'answers'),
      ids: sumOf(parts, 'ids'),
      failures: parts.reduce((sum, { errors }) => sum + failuresOf(errors), 0),
      p50: latency.quantileMs(0.5),
      p99: latency.quantileMs(0.99),
      underWay: sumOf(parts, 'underWay'),
    }
    this.#seconds.push(report)
    return report
  }

  build(end: RunEnd): LoadReport {
    const { key: _secret, ...plan } = this.#plan
    const { answers, ids, bytesIn, bytesOut, resent, reconnects } = this.#counted
    const seconds = Math.max(0.001, (end.ranMs - plan.warmUpMs) / 1000)
    const errors = [...this.#errors.values()].sort((a, b) => b.count - a.count)
    return {
      plan,
      startedAt: end.startedAt,
      seconds,
      answers,
      ids,
      answersPerSecond: answers / seconds,
      idsPerSecond: ids / seconds,
      latency: quantilesOf(this.#latency),
      sendDelay: quantilesOf(this.#delay),
      bytes: { sent: bytesOut, received: bytesIn },
      errors,
      failures: failuresOf(errors),
      notSent: end.missed,
      resent,
      reconnects,
      check: end.check,
      tool: {
        cores: end.cpuMs / end.ranMs,
        busiestThread: this.#busiest,
        version: end.version,
        node: process.version,
      },
      intervals: this.#seconds,
      latencyClasses: Array.from(this.#latency.classes(), ({ upToMs, count }) => [upToMs, count] as const),
    }
  }

  #count(part: ThreadInterval): void {
    for (const key of ['answers', 'ids', 'bytesIn', 'bytesOut', 'resent', 'reconnects'] as const)
      this.#counted[key] += part[key]
    this.#latency.add(part.latency)
    this.#delay.add(part.delay)
    this.#busiest = Math.max(this.#busiest, part.busy)
    for (const { code, count, example } of part.errors) {
      const before = this.#errors.get(code)
      this.#errors.set(code, {
        code,
        count: count + (before?.count ?? 0),
        example: before?.example ?? example,
      })
    }
  }
}

export interface RunEnd {
  readonly startedAt: string
  readonly ranMs: number
  readonly missed: number
  readonly cpuMs: number
  readonly version: string
  readonly check: CheckSummary | undefined
}

function sumOf(parts: readonly ThreadInterval[], key: 'answers' | 'ids' | 'underWay'): number {
  return parts.reduce((sum, part) => sum + part[key], 0)
}

function failuresOf(errors: readonly ErrorCount[]): number {
  return errors.reduce((sum, { count }) => sum + count, 0)
}

function quantilesOf(histogram: LatencyHistogram): Quantiles {
  return {
    mean: histogram.meanMs,
    p50: histogram.quantileMs(0.5),
    p90: histogram.quantileMs(0.9),
    p99: histogram.quantileMs(0.99),
    p999: histogram.quantileMs(0.999),
    max: histogram.maxMs,
  }
}
