import type { Trace } from '../world/trace.ts'

/** The rules of design.md section 2, and that all goes on when the faults end. */
export type Rule = 'issued twice' | 'grants overlap' | 'outside the grant' | 'not once' | 'no progress'

export interface Violation {
  readonly rule: Rule
  readonly text: string
}

/** The first rule that was broken ends a run. */
export class Verdict {
  readonly #trace: Trace
  #violation: Violation | undefined

  constructor(trace: Trace) {
    this.#trace = trace
  }

  get violation(): Violation | undefined {
    return this.#violation
  }

  broken(rule: Rule, text: string): void {
    this.#trace.note(`*** ${rule}: ${text}`)
    this.#violation ??= { rule, text }
  }
}
