/**
 * Only what people need of an error, as in the log of the service: errors of libraries carry whole requests and connections,
 * and those of the operator carry what was to be written, Secrets among it.
 */
export function plainError(thrown: unknown, depth = 0): unknown {
  if (!(thrown instanceof Error)) return String(thrown)
  const { name, message, stack } = thrown
  const code = 'code' in thrown ? thrown.code : undefined
  const cause =
    thrown.cause === undefined || depth >= CAUSES_MAX ? undefined : plainError(thrown.cause, depth + 1)
  return { type: name, message, code, stack, cause }
}

/** Errors wrap each other once per layer; a longer chain is a loop. */
const CAUSES_MAX = 4
