import type { Trace } from '../world/trace.ts'

/** The rules of design.md section 2, and that all goes on when the faults end. */
export type Rule =
  | 'issued twice'
  | 'grants overlap'
  | 'outside the grant'
  | 'not once'
  | 'below an advance'
  | 'no progress'
  | 'a date before it came'

export interface Violation {
  readonly rule: Rule
  readonly text: string
}

/** What was broken. The first of it ends a run; a directed test looks for what follows from it as well. */
export class Verdict {
  readonly #trace: Trace
  /** The first of each rule: what is wrong once is soon wrong a thousand times. */
  readonly all: Violation[] = []

  constructor(trace: Trace) {
    this.#trace = trace
  }

  get violation(): Violation | undefined {
    return this.all[0]
  }

  broken(rule: Rule, text: string): void {
    this.#trace.note(`*** ${rule}: ${text}`)
    if (!this.all.some((known) => known.rule === rule)) this.all.push({ rule, text })
  }
}
