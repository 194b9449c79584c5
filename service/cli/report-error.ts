import { IdgenError } from '../core/errors.ts'

/** Prints what went wrong and what to do, without a stack trace for errors we know, and ends with this exit code. */
export function reportAndExit(thrown: unknown, exitCode = 1): never {
  const error = IdgenError.from(thrown)
  const lines = [`idgen: ${error.message} [${error.code}]`]
  for (const { path, message } of error.faults) lines.push(`  ${path}: ${message}`)
  if (error.code === 'IDGEN_INTERNAL' && thrown instanceof Error) lines.push(thrown.stack ?? thrown.message)
  else if (error.cause instanceof Error) lines.push(`  cause: ${error.cause.message}`)
  process.stderr.write(`${lines.join('\n')}\n`)
  process.exit(exitCode)
}
