/** One run of the model checker: the constants of `docs/proofs/{model}.cfg`, but for what `set` names. */
export interface ProofConfiguration extends ProofRun {
  readonly model: 'time_grant' | 'witness' | 'blocks' | 'authority' | 'names'
}

/** The same, where the model is clear. */
export interface ProofRun {
  readonly name: string
  /** What must come of it: a rule left out that changes nothing means that the model sees nothing. */
  readonly expect: 'holds' | 'violated'
  /** Also in the short form, of CI. */
  readonly short?: true
  readonly set: Constants
}

export type Constants = Readonly<Record<string, string | number | boolean>>

export function holds(name: string, set: Constants): ProofRun {
  return { name, expect: 'holds', set }
}

export function violated(name: string, set: Constants): ProofRun {
  return { name, expect: 'violated', set }
}

export function inShort(run: ProofRun): ProofRun {
  return { ...run, short: true }
}

/** A rule of the protocol is left out, and that must be seen. */
export function without(rule: string, set: Constants): ProofRun {
  return inShort(violated(`without a rule: ${rule}`, { ...set, Weakening: rule }))
}

export function runsOf(model: ProofConfiguration['model'], runs: readonly ProofRun[]): ProofConfiguration[] {
  return runs.map((run) => ({ model, ...run }))
}
