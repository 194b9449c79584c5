import { EXCHANGE_CONFIGURATIONS } from './proof-exchanges.ts'
import { NAME_CONFIGURATIONS } from './proof-names.ts'
import type { ProofConfiguration } from './proof-run.ts'
import { TIME_GRANT_CONFIGURATIONS } from './proof-time-grants.ts'
import { WITNESS_CONFIGURATIONS } from './proof-witness.ts'

export const PROOF_CONFIGURATIONS: readonly ProofConfiguration[] = [
  ...TIME_GRANT_CONFIGURATIONS,
  ...WITNESS_CONFIGURATIONS,
  ...EXCHANGE_CONFIGURATIONS,
  ...NAME_CONFIGURATIONS,
]
