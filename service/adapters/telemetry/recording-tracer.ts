import { AsyncLocalStorage } from 'node:async_hooks'
import type { EndedSpan, SpanFacts, SpanKind } from '../../core/ended-span.ts'
import { callsToSkip, type Sampling, SecondBudget } from '../../core/span-sampling.ts'
import type { TraceParent } from '../../core/traceparent.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Random } from '../../ports/random.ts'
import type { Span, SpanStart, Tracer } from '../../ports/tracer.ts'
import { DrawnIds } from './drawn-ids.ts'

export interface RecordingTracerOptions {
  readonly sampling: Sampling
  /** As `late` says; 0: no call is recorded afterwards. */
  readonly slowMs: number
  readonly clock: Clock
  readonly random: Random
  /** Takes each span once it has ended. Never throws. */
  readonly onEnd: (spans: readonly EndedSpan[]) => void
}

/** The tracer of a thread. Which span code runs in, Node carries along (AsyncLocalStorage), for traced calls alone. */
export class RecordingTracer implements Tracer {
  readonly enabled = true
  readonly #options: RecordingTracerOptions
  readonly #spans = new AsyncLocalStorage<Span>()
  readonly #budget = new SecondBudget()
  readonly #ids: DrawnIds
  readonly #wall: WallTime
  #sampling: Sampling
  /** Calls without a decision of their callers that are still to pass. */
  #skip = 0
  /** More are after them. */
  #skipsOn = false

  constructor(options: RecordingTracerOptions) {
    this.#options = options
    this.#ids = new DrawnIds(options.random)
    this.#wall = new WallTime(options.clock)
    this.#sampling = options.sampling
    this.#drawSkip()
  }

  get sampling(): Sampling {
    return this.#sampling
  }

  configure(sampling: Sampling): void {
    const { ratio, perSecond } = this.#sampling
    if (sampling.ratio === ratio && sampling.perSecond === perSecond) return
    this.#sampling = sampling
    this.#drawSkip()
  }

  decide(parent: TraceParent | undefined): boolean {
    if (parent !== undefined) return parent.sampled && this.#withinBudget()
    if (this.#skip > 0) {
      this.#skip -= 1
      return false
    }
    if (this.#skipsOn) {
      this.#drawSkip()
      return false
    }
    // The draw costs more than the rest: none is made for a call that is not traced after all.
    if (!this.#withinBudget()) return false
    this.#drawSkip()
    return true
  }

  begin(step: SpanStart): Span {
    const { name, kind, parentId, facts } = step
    const fromMs = this.nowMs() - (step.agoMs ?? 0)
    let { traceId, spanId } = step
    if (traceId === undefined) {
      const digits = this.#ids.traceAndSpan()
      traceId = digits.slice(0, TRACE_DIGITS)
      spanId ??= digits.slice(TRACE_DIGITS)
    }
    spanId ??= this.#ids.span()
    const startMs = this.#wall.at(fromMs)
    return new RecordedSpan({ traceId, spanId, parentId, name, kind, fromMs, startMs, facts }, this.#options)
  }

  late(step: SpanStart, tookMs: number, fault: string | undefined): void {
    const { slowMs } = this.#options
    if (slowMs === 0 || (fault === undefined && tookMs < slowMs) || !this.#withinBudget()) return
    const span = this.begin({ ...step, agoMs: tookMs })
    if (fault !== undefined) span.fail(fault)
    span.end()
  }

  nowMs(): number {
    return this.#options.clock.monotonicMs()
  }

  active(): Span | undefined {
    const span = this.#spans.getStore()
    // What a call left behind, as a connection that it opened, runs in its span for ever.
    return span?.ended === false ? span : undefined
  }

  within<T>(span: Span, work: () => T): T {
    return this.#spans.run(span, work)
  }

  adopt<T>({ traceId, spanId }: TraceParent, work: () => T): T {
    const span = { traceId, spanId, ended: false, set() {}, fail() {}, end() {} }
    const end = (): void => {
      span.ended = true
    }
    const done = this.#spans.run(span, work)
    if (done instanceof Promise) done.then(end, end)
    else end()
    return done
  }

  take(spans: readonly EndedSpan[]): void {
    this.#options.onEnd(spans)
  }

  #withinBudget(): boolean {
    return this.#budget.tryTake(this.#sampling.perSecond, this.nowMs())
  }

  #drawSkip(): void {
    const calls = callsToSkip(this.#sampling.ratio, this.#ids.chance())
    this.#skipsOn = calls > SKIP_MAX
    this.#skip = Math.min(calls, SKIP_MAX)
  }
}

const TRACE_DIGITS = 32
/**
 * More than that many calls are drawn for anew, which changes no odds: what passed says nothing about what comes. As a double,
 * which Infinity is, the count would be boxed, and each call would pay for counting it down.
 */
const SKIP_MAX = 2 ** 30

interface BegunStep {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  readonly name: string
  readonly kind: SpanKind
  /** Monotonic. */
  readonly fromMs: number
  /** Unix. */
  readonly startMs: number
  readonly facts: SpanFacts | undefined
}

class RecordedSpan implements Span {
  readonly traceId: string
  readonly spanId: string
  readonly #step: BegunStep
  readonly #options: RecordingTracerOptions
  readonly #facts: Record<string, string | number | boolean>
  #fault: string | undefined
  #ended = false

  constructor(step: BegunStep, options: RecordingTracerOptions) {
    this.#step = step
    this.#options = options
    this.traceId = step.traceId
    this.spanId = step.spanId
    this.#facts = { ...step.facts }
  }

  get ended(): boolean {
    return this.#ended
  }

  set(name: string, value: string | number | boolean): void {
    this.#facts[name] = typeof value === 'string' ? value.slice(0, TEXT_MAX) : value
  }

  fail(why: string): void {
    this.#fault ??= why.slice(0, TEXT_MAX)
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    const { traceId, spanId } = this
    const { name, kind, parentId, fromMs, startMs } = this.#step
    const durationMs = Math.max(0, this.#options.clock.monotonicMs() - fromMs)
    const facts: SpanFacts = this.#facts
    const fault = this.#fault
    this.#options.onEnd([{ traceId, spanId, parentId, name, kind, startMs, durationMs, facts, fault }])
  }
}

/**
 * The wall clock tells whole milliseconds, in which a call has several steps; the other one has fractions. Their distance
 * is kept until the wall clock was stepped.
 */
class WallTime {
  readonly #clock: Clock
  #distanceMs = Number.NaN

  constructor(clock: Clock) {
    this.#clock = clock
  }

  at(monotonicMs: number): number {
    const distanceMs = this.#clock.nowMs() - monotonicMs
    if (!(Math.abs(distanceMs - this.#distanceMs) < STEPPED_MS)) this.#distanceMs = distanceMs
    return monotonicMs + this.#distanceMs
  }
}

/** Whole milliseconds alone make them differ by one. */
const STEPPED_MS = 2
/** A message of an error may quote what a caller sent. */
const TEXT_MAX = 500
