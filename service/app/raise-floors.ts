import { cellBounds, firstCell } from '../core/cells.ts'
import { IdgenError } from '../core/errors.ts'
import type { NumberSpace } from '../core/tag.ts'
import type { DeclarationStore, DeclaredTag } from '../ports/declaration-store.ts'
import type { Actor } from './actor.ts'
import type { AdvanceTags } from './advance-tags.ts'

/** By data centre: first number above all that were granted, as somebody outside remembers it. */
export type Floors = ReadonlyMap<number, number>

export interface RaiseFloorsOptions {
  readonly declarations: DeclarationStore
  readonly advance: Pick<AdvanceTags, 'advanceIn'>
}

/**
 * The third record of how far a tag got, beside the database and its witness: what the status of the tag's object
 * remembers. A database that stands lower lost commits, so the tag grants nothing below from now on. A process that
 * stopped returns numbers it did not use; then the row is lower too, but the log of allocations knows of the grant.
 */
export class RaiseFloors {
  readonly #options: RaiseFloorsOptions

  constructor(options: RaiseFloorsOptions) {
    this.#options = options
  }

  /**
   * @returns the data centres that were raised
   * @throws IDGEN_REQUEST_INVALID, IDGEN_RANGE_EXHAUSTED, IDGEN_TAG_NOT_FOUND, IDGEN_WITNESS_UNAVAILABLE
   */
  async raise(actor: Actor, { tag, places }: DeclaredTag, floors: Floors): Promise<number[]> {
    const { declarations, advance } = this.#options
    refuseForeignFloors(tag.space, floors)
    const raised: number[] = []
    for (const [dc, floor] of floors) {
      const place = places.find((one) => one.dc === dc)
      const next = place?.nextValue ?? cellBounds(tag.space, firstCell(dc, tag.space.dcCount)).lo
      if (floor <= next || (await declarations.remembersGrant(tag.id, dc, floor))) continue
      await advance.advanceIn(actor, tag, dc, { to: floor })
      raised.push(dc)
    }
    return raised
  }
}

/** @throws IDGEN_REQUEST_INVALID for a data centre that the number space has no share for */
export function refuseForeignFloors({ dcCount }: NumberSpace, floors: Floors): void {
  const faults = [...floors.keys()]
    .filter((dc) => dc >= dcCount)
    .map((dc) => ({ path: `/floors/${dc}`, message: `is no data centre of the tag, which has ${dcCount}` }))
  if (faults.length === 0) return
  throw new IdgenError('IDGEN_REQUEST_INVALID', faults.map((f) => `${f.path} ${f.message}`).join('; '), {
    faults,
  })
}
