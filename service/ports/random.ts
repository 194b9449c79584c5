/** Cryptographically strong randomness, injected so that the simulation can replay a seed. */
export interface Random {
  /** Fills `bytes` whole. Never blocks for long, never repeats after a fork or a restart. */
  fill(bytes: Uint8Array): void
}
