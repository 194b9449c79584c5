import { parseWitness } from '../../../service/app/segment-witness.ts'
import { tombstoneKey, witnessKey } from '../../../service/core/coordination-keys.ts'
import type { SegmentGrant } from '../../../service/core/grant.ts'
import { type Tag, tagPath } from '../../../service/core/tag.ts'
import { parseTombstone } from '../../../service/core/tombstone.ts'
import { IntervalClaims, valueOf } from '../checks/interval-claims.ts'

/** What etcd has, whether or not anybody reaches it; undefined: no such key. */
export type EtcdView = (key: string) => string | undefined

/**
 * Numbers of names, in all databases together. None is granted twice, whatever tags had the name; and the order by which that
 * holds when a database loses commits besides (decision 0022): granting has ended everywhere, and the tombstone lies above all that
 * was granted, before the first database forgets a tag. What it forgot it can tell nobody who makes the name again.
 */
export class NumberChecks {
  /** The first that was broken, with who did it. */
  violation: string | undefined
  grants = 0
  forgotten = 0
  readonly #granted = new Map<string, IntervalClaims>()
  /** By generation: the end of the furthest grant. */
  readonly #reached = new Map<string, number>()
  /** By generation of tags that a database forgot: the high water of the tombstone then. */
  readonly #graves = new Map<string, number>()

  grantedTo(process: string, tag: Tag, { lo, hi }: SegmentGrant): void {
    this.grants += 1
    const path = tagPath(tag)
    const what = `${process} was granted [${lo}, ${hi}) of ${path}`
    const added = valueOf(this.#granted, path, () => new IntervalClaims()).add(
      `${process}, generation ${tag.generation}`,
      lo,
      hi,
    )
    if ('taken' in added)
      this.#broken(`${what}, and ${added.taken.owner} has [${added.taken.lo}, ${added.taken.hi})`)
    const grave = this.#graves.get(tag.generation)
    if (grave !== undefined && hi > grave) this.#broken(`${what}, above its tombstone at ${grave}`)
    this.#reached.set(tag.generation, Math.max(hi, this.#reached.get(tag.generation) ?? 0))
  }

  /** At the moment at which `database` forgets the tag. */
  forgottenBy(database: string, tag: Tag, etcd: EtcdView): void {
    this.forgotten += 1
    const { generation, space } = tag
    const what = `${database} forgot ${tagPath(tag)}`
    const open = Array.from({ length: space.dcCount }, (_, dc) => dc).filter(
      (dc) => !isClosed(etcd(witnessKey(generation, dc))),
    )
    if (open.length > 0) this.#broken(`${what} while data centres ${open.join(', ')} may grant of it`)
    // It may be of a tag that had the name later: it lies higher then.
    const high = parseTombstone(etcd(tombstoneKey(tagPath(tag))) ?? '')?.highWater
    if (high === undefined) return this.#broken(`${what} before etcd had its tombstone`)
    const reached = this.#reached.get(generation) ?? space.startAt
    if (high < reached) this.#broken(`${what}: granted up to ${reached}, and its tombstone is at ${high}`)
    this.#graves.set(generation, Math.min(high, this.#graves.get(generation) ?? high))
  }

  #broken(text: string): void {
    this.violation ??= text
  }
}

function isClosed(text: string | undefined): boolean {
  return text !== undefined && parseWitness(text).closed === true
}
