/**
 * Stops the operation when a rule that must always hold does not. Always on, also in production:
 * an ID not issued is an incident, an ID issued twice is a breach of the promise.
 */
export function invariant(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new Error(`invariant broken: ${rule}`)
}

/** For the default branch of a switch over a union: the compiler proves that it cannot run. */
export function unreachable(value: never): never {
  throw new Error(`unreachable value: ${String(value)}`)
}
