import { layoutOf } from '../../../service/core/id-format.ts'
import type { Tag } from '../../../service/core/tag.ts'
import { tagPath } from '../../../service/core/tag.ts'

/**
 * In how many layouts a name was stamped, in all databases together: more than one, and numbers may be equal. It is a harder
 * rule than that none is: worker ids and moments rarely meet in a short run.
 */
export class NameChecks {
  /** The first that was stamped in two, with who did it. */
  violation: string | undefined
  stamps = { shared: 0, own: 0 }
  readonly #layouts = new Map<string, { readonly layout: string; readonly process: string }>()

  stamped(process: string, tag: Tag, count: number, atMs: number): void {
    if (count === 0) return
    const own = layoutOf(tag.space.format)
    this.stamps[own === undefined ? 'shared' : 'own'] += count
    const layout = own === undefined ? 'the layout of all tags' : JSON.stringify(own)
    const path = tagPath(tag)
    const known = this.#layouts.get(path)
    if (known === undefined) this.#layouts.set(path, { layout, process })
    else if (known.layout !== layout)
      this.violation ??= `${path} was stamped in ${known.layout} by ${known.process}, and at ${atMs.toFixed(0)} ms in ${layout} by ${process}`
  }

  /** Names that were stamped. */
  get names(): number {
    return this.#layouts.size
  }
}
