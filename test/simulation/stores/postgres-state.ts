import type { TimeAuthority } from '../../../service/ports/time-copy-store.ts'

/** As the table segments has it. */
export interface SegmentRow {
  readonly cell: number
  readonly nextValue: number
  readonly ceiling: number
  readonly ceilingHistory: string
}

/** As the table worker_times has it. */
export interface TimeRow {
  readonly nonce: string | undefined
  readonly revision: number
  readonly untilMs: number
  readonly heldFromMs: number
  readonly leaseUntilMs: number
  readonly copyNonce: string
}

/** All that a server remembers. Never changed: a commit makes another one, and the older ones are its history. */
export interface PostgresState {
  /** By `tag/dc`. */
  readonly segments: ReadonlyMap<string, SegmentRow>
  /** By `dc/worker`. */
  readonly times: ReadonlyMap<string, TimeRow>
  readonly authority: ReadonlyMap<number, TimeAuthority>
}

export const EMPTY_STATE: PostgresState = { segments: new Map(), times: new Map(), authority: new Map() }

export const NEVER_USED: TimeRow = {
  nonce: undefined,
  revision: 0,
  untilMs: 0,
  heldFromMs: 0,
  leaseUntilMs: Number.NEGATIVE_INFINITY,
  copyNonce: '',
}

export function timeOf(state: PostgresState, dc: number, worker: number): TimeRow {
  return state.times.get(`${dc}/${worker}`) ?? NEVER_USED
}

export function withTime(state: PostgresState, dc: number, worker: number, row: TimeRow): PostgresState {
  return { ...state, times: new Map(state.times).set(`${dc}/${worker}`, row) }
}

export function withSegment(state: PostgresState, key: string, row: SegmentRow): PostgresState {
  return { ...state, segments: new Map(state.segments).set(key, row) }
}

/** The record of who grants time; the first who asks fixes it. */
export function withAuthority(state: PostgresState, dc: number, wanted: TimeAuthority): PostgresState {
  return state.authority.has(dc) ? state : { ...state, authority: new Map(state.authority).set(dc, wanted) }
}
