import { AsyncLocalStorage } from 'node:async_hooks'
import type { EndedSpan, SpanFacts } from '../../core/ended-span.ts'
import { callsToSkip, type Sampling, SecondBudget } from '../../core/span-sampling.ts'
import type { TraceParent } from '../../core/traceparent.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Random } from '../../ports/random.ts'
import type { Span, SpanStart, Tracer } from '../../ports/tracer.ts'

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
  readonly #wall: WallTime
  #sampling: Sampling
  #skip: number

  constructor(options: RecordingTracerOptions) {
    this.#options = options
    this.#wall = new WallTime(options.clock)
    this.#sampling = options.sampling
    this.#skip = this.#drawSkip()
  }

  get sampling(): Sampling {
    return this.#sampling
  }

  configure(sampling: Sampling): void {
    const { ratio, perSecond } = this.#sampling
    if (sampling.ratio === ratio && sampling.perSecond === perSecond) return
    this.#sampling = sampling
    this.#skip = this.#drawSkip()
  }

  decide(parent: TraceParent | undefined): boolean {
    if (parent !== undefined) return parent.sampled && this.#withinBudget()
    if (this.#skip > 0) {
      this.#skip -= 1
      return false
    }
    // The draw costs more than the rest: none is made for a call that is not traced after all.
    if (!this.#withinBudget()) return false
    this.#skip = this.#drawSkip()
    return true
  }

  begin(step: SpanStart): Span {
    const fromMs = this.nowMs() - (step.agoMs ?? 0)
    const ids = {
      traceId: step.traceId ?? this.#newId(TRACE_ID_BYTES),
      spanId: step.spanId ?? this.#newId(SPAN_ID_BYTES),
    }
    return new RecordedSpan({ ...step, ...ids, fromMs, startMs: this.#wall.at(fromMs) }, this.#options)
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

  #drawSkip(): number {
    const bytes = new Uint8Array(4)
    this.#options.random.fill(bytes)
    return callsToSkip(this.#sampling.ratio, new DataView(bytes.buffer).getUint32(0) / 2 ** 32)
  }

  #newId(length: number): string {
    const bytes = Buffer.alloc(length)
    this.#options.random.fill(bytes)
    return bytes.toString('hex')
  }
}

const TRACE_ID_BYTES = 16
const SPAN_ID_BYTES = 8

interface BegunStep extends SpanStart {
  readonly traceId: string
  readonly spanId: string
  /** Monotonic. */
  readonly fromMs: number
  /** Unix. */
  readonly startMs: number
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
