/** Who makes a change, as the audit log names it. */
export interface Actor {
  /** Key id, `admin`, `anonymous` or `cli`. */
  readonly actor: string
  readonly traceId: string | undefined
}
