/** One structured line per call. `fields` come first so that the text stays constant and can be searched for. */
export interface Log {
  /** Whether lines for debugging are written now; left out: nobody need make them for its sake. */
  readonly debugs?: boolean
  debug(fields: object, text: string): void
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
  error(fields: object, text: string): void
}
