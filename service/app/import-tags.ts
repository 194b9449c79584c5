import { type AlgorithmName, NUMERIC_ALGORITHMS } from '../core/algorithm.ts'
import { type FieldFault, IdgenError } from '../core/errors.ts'
import {
  DEFAULT_SPACE,
  excludesSnowflakes,
  NO_FREE_NUMBERS,
  NO_SNOWFLAKES,
  type NumberSpace,
  SEGMENT_LIMIT,
  type Tag,
  tagPath,
} from '../core/tag.ts'
import type { TagRef } from '../ports/catalog-store.ts'
import type { Actor } from './actor.ts'
import type { ManageCatalog } from './manage-catalog.ts'
import { parseTagPath } from './tag-directory.ts'
import { newTagOf } from './tag-plan.ts'
import type { TagRequest } from './tag-request.ts'
import { unlessPresent } from './unless-present.ts'

/** One tag of another system: Leaf, tinyid, a database sequence. */
export interface ImportRow {
  /** `workspace/group/tag` it becomes. */
  readonly path: string
  /** Largest number the other system has given out or reserved, decimal. */
  readonly max: string
}

export interface ImportRules {
  /** Numbers left free above `max`, for what the old system still has in flight. */
  readonly margin: number
  readonly algorithm: AlgorithmName
  /**
   * What the tag issues by, from its first ID on, where it is not the whole chain that begins with `algorithm`: numbers of the
   * old system may lie where those of a later algorithm do. Without snowflake in it the tag takes none later either.
   */
  readonly chain?: readonly AlgorithmName[]
  /** Check everything, make nothing. */
  readonly dryRun: boolean
}

export interface ImportedTag {
  readonly path: string
  /** First number it may grant, in any data centre: above the maximum, or above those of deleted tags of its name. */
  readonly startAt: number
  /** made; planned (dry run); present: it was there, an earlier import's, and grants nothing below what is asked. */
  readonly outcome: 'made' | 'planned' | 'present'
}

/**
 * Takes tags over from another system: each becomes a new tag whose numbers begin above everything the old one gave
 * out, in all data centres (design.md section 2, names). The old issuer must be stopped for good first; nothing here
 * can do that.
 *
 * All rows are checked before the first tag is made, and a repeated import finds its own tags and leaves them.
 */
export class ImportTags {
  readonly #catalog: ManageCatalog

  constructor(catalog: ManageCatalog) {
    this.#catalog = catalog
  }

  /** @throws IDGEN_REQUEST_INVALID with every fault of every row */
  async import(
    actor: Actor,
    rows: readonly ImportRow[],
    rules: ImportRules,
    onDone: (tag: ImportedTag) => void,
  ): Promise<void> {
    const plans = await this.#plan(rows, rules)
    for (const plan of plans) onDone(await this.#carryOut(actor, plan, rules))
  }

  async #carryOut(actor: Actor, plan: Plan, rules: ImportRules): Promise<ImportedTag> {
    const path = tagPath(plan.ref)
    if (plan.present !== undefined) return { path, startAt: plan.present.space.startAt, outcome: 'present' }
    if (rules.dryRun) return { path, startAt: plan.startAt, outcome: 'planned' }
    try {
      const made = await this.#make(actor, plan, rules)
      return { path, startAt: made.space.startAt, outcome: 'made' }
    } catch (thrown) {
      if (IdgenError.from(thrown).code !== 'IDGEN_ALREADY_EXISTS') throw thrown
      // The same import ran elsewhere at the same time, or in another data centre and its tag has just arrived.
      const existing = await this.#present(plan, rules)
      if (existing === undefined) throw thrown
      return { path, startAt: existing.space.startAt, outcome: 'present' }
    }
  }

  async #plan(rows: readonly ImportRow[], rules: ImportRules): Promise<Plan[]> {
    const faults: FieldFault[] = []
    const plans: Plan[] = []
    const seen = new Set<string>()
    if (rows.length === 0) faults.push({ path: '/rows', message: 'name at least one tag' })
    for (const [at, row] of rows.entries()) {
      try {
        if (seen.has(row.path)) throw invalid(`${row.path} is named twice`)
        seen.add(row.path)
        plans.push(await this.#planOne(row, rules))
      } catch (thrown) {
        const error = IdgenError.from(thrown)
        if (error.row.retryable) throw error
        faults.push({ path: `/rows/${at}`, message: error.message })
      }
    }
    if (faults.length === 0) return plans
    throw new IdgenError(
      'IDGEN_REQUEST_INVALID',
      `${faults.length} of ${rows.length} tags cannot be imported; none was made.`,
      { faults },
    )
  }

  async #planOne(row: ImportRow, rules: ImportRules): Promise<Plan> {
    const ref = parseTagPath(row.path)
    const startAt = firstAbove(row, rules)
    // No time is judged: imported tags have no layout of their own.
    newTagOf(ref, requestOf(startAt, rules), 0)
    return { ref, startAt, present: await this.#present({ ref, startAt }, rules) }
  }

  /** The tag that is there already, if it may stand for the imported one. @throws IDGEN_REQUEST_INVALID if not */
  async #present(
    { ref, startAt }: Pick<Plan, 'ref' | 'startAt'>,
    rules: ImportRules,
  ): Promise<Tag | undefined> {
    const { algorithm, chain } = rules
    const existing = await this.#catalog.store.findTag(ref)
    if (existing === undefined) return undefined
    if (!isNumeric(algorithm) && existing.chain.some(isNumeric))
      throw invalid(
        `${tagPath(ref)} exists and issues numbers (${existing.chain.join(', ')}): import into a new name`,
      )
    if (chain !== undefined && existing.chain.join() !== chain.join())
      throw invalid(
        `${tagPath(ref)} exists and issues by ${existing.chain.join(', ')}, not by ${chain.join(', ')} alone: it may have issued IDs of the old system already; import into a new name`,
      )
    if (isWithoutSnowflakes(rules) && !excludesSnowflakes(existing.space))
      throw invalid(
        `${tagPath(ref)} exists and could be given snowflakes later (it was made by hand, or imported by an older release): import into a new name, or leave it out and its chain as it is`,
      )
    if (existing.space.startAt < startAt)
      throw invalid(
        `${tagPath(ref)} exists and begins at ${existing.space.startAt}, not at ${startAt}: import into a new name, or use "idgen tag advance" to raise what it grants next`,
      )
    // Shuffled, or with digits before or after them, new numbers above the maximum are written as texts below it.
    if (existing.space.format !== undefined)
      throw invalid(
        `${tagPath(ref)} exists and writes its numbers in a format (${JSON.stringify(existing.space.format)}), so its IDs may be IDs of the old system whatever it begins at: import into a new name`,
      )
    return existing
  }

  async #make(actor: Actor, { ref, startAt }: Plan, rules: ImportRules): Promise<Tag> {
    await unlessPresent(() => this.#catalog.createWorkspace(actor, ref.workspace, ''))
    await unlessPresent(() => this.#catalog.createGroup(actor, ref.workspace, ref.group, ''))
    return await this.#catalog.createTag(actor, ref, requestOf(startAt, rules))
  }
}

interface Plan {
  readonly ref: TagRef
  readonly startAt: number
  readonly present: Tag | undefined
}

function requestOf(startAt: number, rules: ImportRules): TagRequest {
  const { algorithm, chain } = rules
  return { ...(chain === undefined ? { algorithm } : { chain }), space: spaceFrom(startAt, rules) }
}

function spaceFrom(startAt: number, rules: ImportRules): Partial<NumberSpace> {
  if (startAt === NO_FREE_NUMBERS.startAt) return NO_FREE_NUMBERS
  return { startAt, ...(isWithoutSnowflakes(rules) && NO_SNOWFLAKES) }
}

function isWithoutSnowflakes({ chain }: ImportRules): boolean {
  return chain !== undefined && !chain.includes('snowflake')
}

/**
 * Values at or above 2^53 are where snowflakes lie, and segments end below: of such an import nothing numeric can be
 * told apart from new IDs. A tag of UUIDs begins above the maximum too, since its chain may be changed later.
 */
function firstAbove({ path, max }: ImportRow, rules: ImportRules): number {
  if (!/^[0-9]{1,19}$/.test(max)) throw invalid(`the maximum of ${path} must be a decimal number, not ${max}`)
  const first = BigInt(max) + BigInt(rules.margin) + 1n
  const { cellSize, dcCount } = isWithoutSnowflakes(rules) ? NO_SNOWFLAKES : DEFAULT_SPACE
  const isFull = first + BigInt(cellSize * dcCount) > BigInt(SEGMENT_LIMIT)
  if (isFull && !isNumeric(rules.algorithm)) return NO_FREE_NUMBERS.startAt
  if (isFull)
    throw invalid(
      `the maximum ${max} of ${path} leaves no room below 2^53, and snowflakes begin there: import it with a UUID algorithm, or under another name`,
    )
  return Number(first)
}

function isNumeric(algorithm: AlgorithmName): boolean {
  return NUMERIC_ALGORITHMS.some((numeric) => numeric === algorithm)
}

function invalid(message: string): IdgenError {
  return new IdgenError('IDGEN_REQUEST_INVALID', message)
}
