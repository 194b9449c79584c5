import { EXCHANGE_CONFIGURATIONS } from './proof-exchanges.ts'
import { TIME_GRANT_CONFIGURATIONS } from './proof-time-grants.ts'
import { WITNESS_CONFIGURATIONS } from './proof-witness.ts'

/** One run of the model checker: the constants of `docs/proofs/{model}.cfg`, but for what `set` names. */
export interface ProofConfiguration {
  readonly model: 'time_grant' | 'witness' | 'blocks' | 'authority'
  readonly name: string
  /** What must come of it: a rule left out that changes nothing means that the model sees nothing. */
  readonly expect: 'holds' | 'violated'
  /** Also in the short form, of CI. */
  readonly short?: true
  readonly set: Readonly<Record<string, string | number | boolean>>
}

export const PROOF_CONFIGURATIONS: readonly ProofConfiguration[] = [
  ...TIME_GRANT_CONFIGURATIONS,
  ...WITNESS_CONFIGURATIONS,
  ...EXCHANGE_CONFIGURATIONS,
]
