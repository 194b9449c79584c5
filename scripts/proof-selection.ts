import { PROOF_CONFIGURATIONS } from './proof-configurations.ts'
import type { ProofConfiguration } from './proof-run.ts'

/** What `make proofs PROOFS=…` asks for. */
export interface ProofSelection {
  readonly chosen: readonly ProofConfiguration[]
  /** Only what differs from the last run in model or constants. */
  readonly changed: boolean
  /** Whether docs/proofs/results.md is written: not by the short form, and not by names alone, which say too little. */
  readonly writes: boolean
}

export function proofSelection(args: readonly string[]): ProofSelection {
  const short = args.includes('short')
  const changed = args.includes('changed')
  const names = args.filter((arg) => arg !== 'short' && arg !== 'changed')
  const chosen = PROOF_CONFIGURATIONS.filter(
    ({ model, name, short: inShort }) =>
      (!short || inShort === true) &&
      (names.length === 0 || names.some((wanted) => `${model}: ${name}`.includes(wanted))),
  )
  return { chosen, changed, writes: !short && (changed || names.length === 0) }
}
