import type { LogFields, LogTextAt } from './log-events.ts'

/**
 * One structured line per call. `fields` come first; the text is one of log-events.ts, constant, so that it can be
 * searched for.
 */
export interface Log {
  /** Whether lines for debugging are written now; left out: nobody need make them for its sake. */
  readonly debugs?: boolean
  debug<Text extends LogTextAt<'debug'>>(fields: LogFields<Text>, text: Text): void
  info<Text extends LogTextAt<'info'>>(fields: LogFields<Text>, text: Text): void
  warn<Text extends LogTextAt<'warn'>>(fields: LogFields<Text>, text: Text): void
  error<Text extends LogTextAt<'error'>>(fields: LogFields<Text>, text: Text): void
}
