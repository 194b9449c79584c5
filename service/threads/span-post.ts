import type { EndedSpan } from '../core/ended-span.ts'
import type { Clock } from '../ports/clock.ts'

/** Brings the spans of a protocol thread to the main thread, which exports them: several in a message. */
export class SpanPost {
  readonly #clock: Clock
  readonly #post: (spans: readonly EndedSpan[]) => void
  #spans: EndedSpan[] = []
  #timer: Disposable | undefined

  constructor(clock: Clock, post: (spans: readonly EndedSpan[]) => void) {
    this.#clock = clock
    this.#post = post
  }

  readonly add = (spans: readonly EndedSpan[]): void => {
    this.#spans.push(...spans)
    if (this.#spans.length >= POST_MAX) this.flush()
    else this.#timer ??= this.#clock.after(POST_AFTER_MS, () => this.flush())
  }

  /** Before the thread ends. */
  flush(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    if (this.#spans.length === 0) return
    this.#post(this.#spans)
    this.#spans = []
  }
}

/** A message costs some 10 µs in either thread. */
const POST_MAX = 64
/** Well within the second that the exporter gathers. */
const POST_AFTER_MS = 100
