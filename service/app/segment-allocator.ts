import { cellBounds } from '../core/cells.ts'
import { advanceTarget, datedFloor, isUnbegun, notBeforeMs } from '../core/dated-grant.ts'
import { IdgenError } from '../core/errors.ts'
import type { SegmentGrant } from '../core/grant.ts'
import { invariant } from '../core/invariant.ts'
import { STEP_MAX } from '../core/tag.ts'
import {
  type GrantPlan,
  type GrantRefusal,
  planGrant,
  planReturn,
  type WitnessFinding,
  type WitnessRules,
  type WitnessView,
} from '../core/witness.ts'
import type { LedgerRow, SegmentLedger } from '../ports/segment-ledger.ts'
import type { SegmentStore, SegmentUsage } from '../ports/segment-store.ts'
import { OpenGrants } from './open-grants.ts'
import type { SegmentWitness, WitnessReading } from './segment-witness.ts'

export interface SegmentAllocatorOptions {
  readonly ledger: SegmentLedger
  /** Left out where there is no etcd: then a database that loses commits is outside the promise. */
  readonly witness?: SegmentWitness
  readonly rules?: WitnessRules
  /**
   * Grant a tag its first numbers only once its name is agreed upon in etcd: one that was made past it may have numbers
   * of another database's tag.
   */
  readonly publishedOnly?: boolean
  /** Called after the commit of the allocation that noticed it. */
  readonly onFinding?: FindingListener
}

interface AllocationRequest {
  readonly dc: number
  /** 0: a move of the cursor alone. */
  readonly step: number
  readonly least: number
  readonly atLeast: number
}

export type FindingListener = (tagId: number, dc: number, finding: WitnessFinding) => void

/**
 * Segment grants: the row of (tag, dc) is locked in the database, the witness in etcd is moved by one
 * compare-and-set, the row is written to the end of the grant and committed. Only then the grant exists.
 *
 *     lock row ──▶ read witness ──▶ plan (core/witness.ts) ──▶ move witness ──▶ write row ──▶ COMMIT ──▶ grant
 *                       ▲                                         │ somebody moved it: again
 *                       └─────────────────────────────────────────┘
 *
 * Whatever fails on the way burns the numbers: both stores may know of them, nobody issues them.
 */
export class SegmentAllocator implements SegmentStore {
  readonly #options: SegmentAllocatorOptions
  #rules: WitnessRules
  readonly #openGrants = new OpenGrants()
  /** Allocations made beyond the promise or refused because of it, for metrics. */
  readonly counters = { witnessed: 0, alone: 0, blind: 0, refused: 0, regressed: 0 }

  constructor(options: SegmentAllocatorOptions) {
    this.#options = options
    this.#rules = options.rules ?? DEFAULT_RULES
  }

  /** Live configuration: counts for allocations that begin after it. */
  configure(rules: Pick<WitnessRules, 'headroomSteps'>): void {
    this.#rules = { ...this.#rules, ...rules }
  }

  initialise(tagId: number, dc: number): Promise<void> {
    return this.#options.ledger.initialise(tagId, dc)
  }

  initialiseAll(dc: number): Promise<number> {
    return this.#options.ledger.initialiseAll(dc)
  }

  usage(dc: number): Promise<SegmentUsage[]> {
    return this.#options.ledger.usage(dc)
  }

  async allocate(
    tagId: number,
    dc: number,
    step: number,
    generation?: string,
    least = 1,
  ): Promise<SegmentGrant> {
    invariant(
      Number.isInteger(step) && step >= 1 && step <= STEP_MAX,
      `step ${step} is out of 1..${STEP_MAX}`,
    )
    const plan = await this.#options.ledger.withRow('allocating a segment', tagId, dc, async (row) => {
      checkGeneration(row, tagId, generation)
      const made = await this.#plan(row, tagId, {
        dc,
        step,
        least,
        atLeast: datedFloor(row.space, row.nowMs),
      })
      return { write: { ...made.row, grant: made.grant }, result: made }
    })
    invariant(plan.grant.lo < plan.grant.hi, 'a grant is never empty')
    this.#openGrants.took(tagId, dc, plan.grant)
    this.#tell(tagId, dc, plan)
    return plan.grant
  }

  /**
   * Nothing below `to` is granted from now on, or `by` numbers are left out (tag advance). Returns the first number
   * that may be granted next, `to` or above. A tag that writes dates is moved by `by` to the end of the present one at
   * most. What running processes hold is theirs; none of it comes back below: the row goes on above where the last grant
   * ended, by one number if need be.
   * @throws IDGEN_RANGE_EXHAUSTED where there is no number above: then nothing was moved, and what running processes hold
   * may come back
   * @throws the errors of `allocate`; IDGEN_WITNESS_UNAVAILABLE also where the ceiling would allow a grant
   */
  async advance(
    tagId: number,
    dc: number,
    how: { readonly to: number } | { readonly by: number },
  ): Promise<number> {
    const plan = await this.#options.ledger.withRow('advancing a tag', tagId, dc, async (row) => {
      const atLeast = advanceTarget(row, dc, how)
      const made = await this.#plan(row, tagId, { dc, step: 0, least: 0, atLeast })
      if (this.#options.witness !== undefined && made.record === undefined) throw this.#witnessAway(tagId)
      return { write: made.row, result: made }
    })
    this.#tell(tagId, dc, plan)
    return plan.row.nextValue
  }

  async giveBack(tagId: number, dc: number, unused: SegmentGrant, generation?: string): Promise<boolean> {
    if (!this.#openGrants.claimReturn(tagId, dc, unused)) return false
    try {
      return await this.#return(tagId, dc, unused, generation)
    } catch (thrown) {
      // The numbers of a deleted tag stay burnt.
      if (IdgenError.from(thrown).code === 'IDGEN_TAG_NOT_FOUND') return false
      throw thrown
    }
  }

  async #return(
    tagId: number,
    dc: number,
    unused: SegmentGrant,
    generation: string | undefined,
  ): Promise<boolean> {
    return await this.#options.ledger.withRow('returning unused numbers', tagId, dc, async (row) => {
      checkGeneration(row, tagId, generation)
      const reading = await this.#read(row, dc)
      const plan = planReturn(row, viewOf(reading), unused, cellBounds(row.space, row.cell).lo)
      if (plan === undefined) return { write: undefined, result: false }
      if (plan.record !== undefined && isReading(reading)) {
        const moved = await this.#options.witness?.move(row.generation, dc, reading, plan.record)
        if (moved !== 'moved') return { write: undefined, result: false }
      }
      return { write: plan.row, result: true }
    })
  }

  /** Plans and moves the witness; somebody else may move it in between only where two databases answer. */
  async #plan(row: LedgerRow, tagId: number, request: AllocationRequest): Promise<GrantPlan> {
    for (let attempt = 0; attempt < MOVES_MAX; attempt += 1) {
      const reading = await this.#read(row, request.dc)
      if (isReading(reading) && !isAgreed(reading)) this.#checkPublished(row, tagId)
      const plan = this.#planned(row, viewOf(reading), tagId, request)
      if (plan.record === undefined || !isReading(reading)) return plan
      const moved = await this.#options.witness?.move(row.generation, request.dc, reading, plan.record)
      if (moved === 'moved') return plan
      if (moved === 'away') return this.#planMoveUnknown(row, reading, tagId, request)
    }
    throw new IdgenError(
      'IDGEN_WITNESS_UNAVAILABLE',
      `The witness of the tag with the id ${tagId} was moved by others ${MOVES_MAX} times in a row: two databases answer for data centre ${request.dc}.`,
    )
  }

  /**
   * The record may have been moved, or be moved yet. That burns numbers; below the ceiling the row alone still decides, but not
   * against what was read: a record of another history may have been raised by `idgen tag advance` with another database.
   */
  #planMoveUnknown(
    row: LedgerRow,
    { record }: WitnessReading,
    tagId: number,
    request: AllocationRequest,
  ): GrantPlan {
    if (record?.history === row.history) return this.#planned(row, 'away', tagId, request)
    this.counters.refused += 1
    throw this.#witnessAway(tagId, 'what it said last was not promised to the database as it is now')
  }

  #planned(row: LedgerRow, view: WitnessView, tagId: number, request: AllocationRequest): GrantPlan {
    const plan = planGrant(row, view, request, this.#rules)
    if (typeof plan === 'object') {
      if (request.step > 0) {
        refuseTomorrow(row, tagId, plan)
        refuseFew(row, tagId, plan, request.least)
      }
      return plan
    }
    if (plan === 'witness-away') {
      this.counters.refused += 1
      throw this.#witnessAway(tagId)
    }
    throw refusal(plan, tagId, request)
  }

  async #read(row: LedgerRow, dc: number): Promise<WitnessReading | 'away' | 'off'> {
    const { witness } = this.#options
    return witness === undefined ? 'off' : await witness.read(row.generation, dc)
  }

  #checkPublished({ published }: LedgerRow, tagId: number): void {
    if (published || this.#options.publishedOnly !== true) return
    throw new IdgenError(
      'IDGEN_COORDINATION_UNAVAILABLE',
      `The tag with the id ${tagId} was made without etcd, and its name and numbers are not agreed upon there yet; that is being done.`,
      { retryAfterMs: RETRY_MS },
    )
  }

  #witnessAway(tagId: number, why = 'the database has granted all that was promised to it'): IdgenError {
    return new IdgenError(
      'IDGEN_WITNESS_UNAVAILABLE',
      `The witness of the tag with the id ${tagId} is not to be had in etcd (${this.#options.witness?.fault}), and ${why}.`,
      { retryAfterMs: RETRY_MS },
    )
  }

  #tell(tagId: number, dc: number, plan: GrantPlan): void {
    if (plan.record !== undefined) this.counters.witnessed += 1
    else if (plan.finding?.kind === 'blind') this.counters.blind += 1
    else this.counters.alone += 1
    if (plan.finding === undefined) return
    if (plan.finding.kind === 'regressed') this.counters.regressed += 1
    this.#options.onFinding?.(tagId, dc, plan.finding)
  }
}

function isReading(reading: WitnessReading | 'away' | 'off'): reading is WitnessReading {
  return typeof reading === 'object'
}

/**
 * That the name is agreed upon shows in a record by which this or another history was granted. One without tells how far a
 * database got (app/known-reach.ts), and is there before anybody knows whose the name is.
 */
function isAgreed({ record }: WitnessReading): boolean {
  return record !== undefined && (record.history !== '' || record.closed === true)
}

function viewOf(reading: WitnessReading | 'away' | 'off'): WitnessView {
  return isReading(reading) ? (reading.record ?? 'none') : reading
}

/** The id of a tag that a restored database never had may name another tag by now: its numbers are not ours to issue. */
function checkGeneration(row: LedgerRow, tagId: number, generation: string | undefined): void {
  if (generation === undefined || generation === row.generation) return
  throw new IdgenError(
    'IDGEN_TAG_NOT_FOUND',
    `The id ${tagId} is that of another tag by now: the database was restored from a backup.`,
  )
}

/** The date has fewer than `least` left. A grant that ends before its cell is short for another reason, and goes on. */
function refuseFew({ space }: LedgerRow, tagId: number, { grant, row }: GrantPlan, least: number): void {
  const left = grant.hi - grant.lo
  const reset = space.format?.reset
  if (reset === undefined || left >= least || grant.hi < cellBounds(space, row.cell).hi) return
  throw new IdgenError(
    'IDGEN_COUNT_OUT_OF_RANGE',
    `The tag with the id ${tagId} has ${left} numbers left for the present ${reset} in this data centre, and ${least} more were needed at once; ask for fewer.`,
  )
}

/** The numbers of a date are used up, and the next date has not come: of a tag that writes dates (decision 0038). */
function refuseTomorrow(row: LedgerRow, tagId: number, { grant, row: { cell } }: GrantPlan): void {
  const ms = notBeforeMs(row.space, row, { ...grant, cell })
  if (ms === undefined) return
  const reset = row.space.format?.reset
  const at = new Date(ms).toISOString()
  throw new IdgenError(
    'IDGEN_RANGE_EXHAUSTED',
    isUnbegun(row)
      ? `The tag with the id ${tagId} begins with a later ${reset}, at ${at}: the numbers of this one may have been given before it was made again. Until then use another tag, with another prefix.`
      : `The tag with the id ${tagId} has no numbers left for the present ${reset} in this data centre; it goes on at ${at}. A tag with a larger width has more.`,
  )
}

function refusal(
  why: Exclude<GrantRefusal, 'witness-away'>,
  tagId: number,
  { dc, step }: Pick<AllocationRequest, 'dc' | 'step'>,
): IdgenError {
  if (why === 'closed')
    return new IdgenError('IDGEN_TAG_NOT_FOUND', `The tag with the id ${tagId} was deleted.`)
  if (why === 'witness-off')
    return new IdgenError(
      'IDGEN_COORDINATION_MISMATCH',
      `The numbers of the tag with the id ${tagId} are witnessed in etcd for data centre ${dc}, and this process is configured without it: set etcd.endpoints, or leave etcd with idgen coordination switch.`,
    )
  return new IdgenError(
    'IDGEN_RANGE_EXHAUSTED',
    `The tag with the id ${tagId} has no numbers left for data centre ${dc}${step === 0 ? ' above, so it was not moved, and what processes hold may come back and be granted: stop them all before it is used again' : ''}; make a new tag.`,
  )
}

/** design.md section 2: sixteen steps keep a busy tag going for a while without etcd, and make a gap nobody minds. */
const DEFAULT_RULES: WitnessRules = { headroomSteps: 16, proceed: false }
/** One database moves the witness under its row lock, so a second try is rare and a third means two databases. */
const MOVES_MAX = 3
const RETRY_MS = 1000
