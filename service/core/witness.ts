import { placeAtOrAbove } from './cells.ts'
import { ceilingLimit, headroomIn, placeOfMove } from './dated-grant.ts'
import type { SegmentGrant } from './grant.ts'
import { invariant } from './invariant.ts'
import type { NumberSpace } from './tag.ts'

/**
 * The witness protocol: how far a data centre grants numbers of a tag when two stores guard each other
 * (design.md section 2; modelled in docs/proofs/).
 *
 *     row in PostgreSQL   nextValue ──────────────▶ ceiling          ceilingHistory   history (now)
 *     record in etcd           used ──────────────▶ ceiling          history
 *                                 │                    │
 *     numbers     ══ granted ═════╪── this database ───╪──── nobody, before the ceiling was moved in etcd
 *                                 │   may grant alone  │
 *
 * A database that lost commits (failover, restored backup) has another history: it was started again, or is on
 * another timeline. It goes on above every ceiling, which is above all that was ever granted. While history, row and
 * record agree nothing was lost, and both know how far the numbers went.
 */

/** What etcd keeps per (tag, dc). */
export interface WitnessRecord {
  /** First number above all that was granted with etcd's knowledge. */
  readonly used: number
  /** No number at or above it was ever granted. used ≤ ceiling. */
  readonly ceiling: number
  /** The database history the ceiling was promised to. */
  readonly history: string
  /** The tag was deleted: nobody grants any more. */
  readonly closed?: true
}

/** off: no etcd is configured. away: it does not answer. none: it has no record yet. */
export type WitnessView = WitnessRecord | 'none' | 'away' | 'off'

/** The row as read under its lock (ports/segment-ledger.ts). */
export interface WitnessedRow {
  readonly space: NumberSpace
  /** Cell that `nextValue` lies in, or ends. */
  readonly cell: number
  readonly nextValue: number
  readonly ceiling: number
  readonly ceilingHistory: string
  readonly history: string
}

export interface WitnessRules {
  /** How far ahead of the granted numbers the ceiling is moved, in steps; less where they have dates (`headroomIn`). */
  readonly headroomSteps: number
  /** Grant beyond the ceiling while etcd is away: suspends the promise (witness.onUnavailable). */
  readonly proceed: boolean
}

/** What was seen of the database on the way; told to people, decides nothing. */
export interface WitnessFinding {
  /**
   * history: the server was started again or failed over, nothing is known to be missing. regressed: it lost commits.
   * blind: granted beyond what was promised to it, because `proceed` says so; the promise does not hold for that.
   */
  readonly kind: 'history' | 'regressed' | 'blind'
  readonly before: string
  readonly now: string
  /** Numbers skipped, because they may have been granted. */
  readonly skipped: number
}

export interface GrantPlan {
  /** Empty (lo = hi) when only a move was asked for. */
  readonly grant: SegmentGrant
  /** What the row becomes. */
  readonly row: {
    readonly cell: number
    readonly nextValue: number
    readonly ceiling: number
    readonly ceilingHistory: string
  }
  /** What etcd must hold before the row is committed; undefined: etcd is not asked. */
  readonly record: WitnessRecord | undefined
  readonly finding: WitnessFinding | undefined
}

export type GrantRefusal = 'closed' | 'exhausted' | 'witness-away' | 'witness-off'

interface GrantRequest {
  readonly dc: number
  /**
   * Numbers wanted; 0: a move, after which nothing below `atLeast` is granted. It always leaves the place where the last
   * grant ended: a process that stops may return the end of that grant, and would undo the move (`planReturn`).
   */
  readonly step: number
  /** Grant nothing below this number; 0: no such wish. */
  readonly atLeast: number
}

/** The next numbers of `request.dc`; fewer than `step` where the cell, or without etcd the ceiling, ends. */
export function planGrant(
  row: WitnessedRow,
  view: WitnessView,
  request: GrantRequest,
  rules: WitnessRules,
): GrantPlan | GrantRefusal {
  if (view === 'off') return planWithout(row, request)
  if (view === 'away') return planAway(row, request, rules)
  const record = view === 'none' ? NO_RECORD : view
  if (record.closed === true) return 'closed'
  const agree = row.ceilingHistory === row.history && record.history === row.history
  const known = Math.max(row.ceiling, record.ceiling)
  const base = agree ? Math.max(row.nextValue, record.used) : Math.max(row.nextValue, record.used, known)
  const placed = placeOf(row, request, base)
  if (placed === undefined) return 'exhausted'
  const hi = Math.min(placed.lo + request.step, placed.hi)
  const wanted = Math.max(request.step, 1) * rules.headroomSteps
  const headroom = headroomIn(row.space, wanted)
  // Moved before it is reached, so that a database that loses etcd has at least half of the headroom left.
  const enough = agree && known - hi >= headroom / 2
  const raised = Math.min(Math.max(known, hi) + headroom, ceilingLimit(row.space, placed.cell, hi))
  // Never below what was promised, nor below what is granted here.
  const ceiling = enough ? known : Math.max(known, hi, raised)
  return {
    grant: { lo: placed.lo, hi },
    row: { cell: placed.cell, nextValue: hi, ceiling, ceilingHistory: row.history },
    record: { used: hi, ceiling, history: row.history },
    finding: findingOf(row, view, base, wanted),
  }
}

/**
 * What gives [unused.lo, unused.hi) back, the end of the newest grant: only where nobody took more, by both stores.
 * undefined: the numbers stay burnt.
 */
export function planReturn(
  row: WitnessedRow,
  view: WitnessView,
  unused: SegmentGrant,
  cellLo: number,
): Pick<GrantPlan, 'row' | 'record'> | undefined {
  // The next cell of this data centre may begin where the last one ended; a cell is never opened backwards.
  if (row.nextValue !== unused.hi || unused.lo < cellLo || view === 'away' || view === 'none')
    return undefined
  const { cell, ceiling, ceilingHistory, history } = row
  const returned = { cell, nextValue: unused.lo, ceiling, ceilingHistory }
  if (view === 'off') return ceilingHistory === '' ? { row: returned, record: undefined } : undefined
  const agree = ceilingHistory === history && view.history === history
  if (!agree || view.used !== unused.hi || view.closed === true) return undefined
  return { row: returned, record: { ...view, used: unused.lo } }
}

/**
 * Where no etcd is configured. A row that others have witnessed is refused: what is granted past the witness could be
 * lost by the database and then be granted again by those who ask it. `idgen coordination switch` takes the history
 * away and leaves the ceiling, up to which numbers may have been granted.
 */
function planWithout(row: WitnessedRow, request: GrantRequest): GrantPlan | GrantRefusal {
  if (row.ceilingHistory !== '') return 'witness-off'
  const plan = planAlone(row, request, Number.POSITIVE_INFINITY, Math.max(row.nextValue, row.ceiling))
  return typeof plan === 'object' ? { ...plan, row: { ...plan.row, ceiling: 0 } } : plan
}

/** Without etcd: only below the ceiling that was promised to this very history of the database. */
function planAway(
  row: WitnessedRow,
  request: GrantRequest,
  { proceed }: WitnessRules,
): GrantPlan | GrantRefusal {
  const promised = row.ceilingHistory === row.history ? row.ceiling : 0
  const kept = planAlone(row, request, promised)
  if (!proceed || typeof kept === 'object') return kept
  const base = row.ceilingHistory === row.history ? request.atLeast : Math.max(request.atLeast, row.ceiling)
  const plan = planAlone(row, { ...request, atLeast: base }, Number.POSITIVE_INFINITY)
  const finding = { kind: 'blind', before: row.ceilingHistory, now: row.history, skipped: 0 } as const
  return typeof plan === 'object' ? { ...plan, finding } : plan
}

function planAlone(
  row: WitnessedRow,
  request: GrantRequest,
  limit: number,
  base = row.nextValue,
): GrantPlan | GrantRefusal {
  const { step } = request
  const placed = placeOf(row, request, base)
  if (placed === undefined) return 'exhausted'
  const hi = Math.min(placed.lo + step, placed.hi, limit)
  if (hi < placed.lo || (hi === placed.lo && step > 0)) return 'witness-away'
  invariant(placed.lo >= row.nextValue && hi <= placed.hi, 'a grant lies above all others, inside its cell')
  const { ceiling, ceilingHistory } = row
  return {
    grant: { lo: placed.lo, hi },
    row: { cell: placed.cell, nextValue: hi, ceiling, ceilingHistory },
    record: undefined,
    finding: undefined,
  }
}

/** `base`: no grant that is known of ends above it. */
function placeOf(row: WitnessedRow, { dc, step, atLeast }: GrantRequest, base: number) {
  return step === 0
    ? placeOfMove(row, dc, base, atLeast)
    : placeAtOrAbove(row.space, dc, Math.max(base, atLeast))
}

function findingOf(
  row: WitnessedRow,
  view: WitnessRecord | 'none',
  base: number,
  headroom: number,
): WitnessFinding | undefined {
  const before = row.ceilingHistory === '' && view !== 'none' ? view.history : row.ceilingHistory
  if (before === '') return undefined
  const skipped = base - row.nextValue
  // Another database moved the record: a split brain, or `idgen tag advance` in another data centre. Nothing was lost here.
  if (before === row.history && view !== 'none' && view.history !== row.history)
    return { kind: 'history', before: view.history, now: row.history, skipped }
  const behind = view !== 'none' && view.used - row.nextValue > (before === row.history ? headroom : 0)
  if (before === row.history && !behind) return undefined
  return { kind: behind ? 'regressed' : 'history', before, now: row.history, skipped }
}

const NO_RECORD: WitnessRecord = { used: 0, ceiling: 0, history: '' }
