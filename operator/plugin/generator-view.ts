import type { BizTag, IdGenerator } from '../api/kinds.ts'

/** Everything that a status shows, of one moment. */
export interface GeneratorView {
  readonly nowMs: number
  /** What must stand behind a command that is advised, so that it means the same: " -n shop", or "". */
  readonly flags: string
  readonly generator: IdGenerator
  readonly tags: readonly BizTag[]
  /** The newest first. */
  readonly events: readonly EventLine[]
  /** What could not be read, and why: shown in its place. */
  readonly gaps: readonly string[]
}

export interface EventLine {
  readonly type: string
  readonly reason: string
  readonly note: string
  /** When it happened last. */
  readonly at: string
  readonly count: number
}

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
}

export function condition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((one) => one.type === type)
}

export function isReady(tag: BizTag): boolean {
  return condition(tag.status?.conditions, 'Ready')?.status === 'True'
}
