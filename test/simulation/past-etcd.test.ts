import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LayoutClaims, type LayoutClaimsOptions } from '../../service/app/layout-claims.ts'
import type { StampGuard } from '../../service/core/guarded-algorithm.ts'
import { layoutOf } from '../../service/core/id-format.ts'
import type { Tag } from '../../service/core/tag.ts'
import { printTombstone } from '../../service/core/tombstone.ts'
import { closesLate, closesNothing, ForgetsFirst } from './names/batch-mutants.ts'
import type { NameParts } from './names/name-process.ts'
import { type NamesResult, runNames } from './names/run-names.ts'
import { Tally } from './world/tally.ts'

/**
 * Names that databases make past etcd and with it, with layouts and without, delete and make again (decision 0043), alone and in
 * batches. No name is ever stamped in two layouts, while etcd keeps what it was told; none of its numbers is granted twice; and no
 * database forgets a tag before granting has ended everywhere (decision 0022).
 */
test('no name is stamped in two layouts, and no tag is forgotten before its granting ended', async (t) => {
  const total = new Tally()
  let [shared, own, names, grants, forgotten] = [0, 0, 0, 0, 0]
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { violation, checks, numbers, tally } = await runNames(seed)
    assert.equal(violation, undefined, `seed ${seed}`)
    total.merge(tally)
    shared += checks.stamps.shared
    own += checks.stamps.own
    names += checks.names
    grants += numbers.grants
    forgotten += numbers.forgotten
  }
  const counted = { shared, own, names, grants, forgotten }
  const seen = JSON.stringify({ ...counted, ...Object.fromEntries(total.entries()) })
  t.diagnostic(seen)
  assert.ok(grants > 10 * SEEDS && forgotten > 2 * SEEDS, seen)
  assert.ok(shared > 100 && own > 100, seen)
  assert.ok(names > 5 * SEEDS, seen)
  for (const what of ['past etcd', 'made', 'deleted', 'by hand', 'made together', 'deleted together'])
    assert.ok(total.of(what) > SEEDS, seen)
  for (const what of ['made', 'noted', 'deleted', 'one made', 'one noted', 'one deleted'])
    for (const outcome of ['committed', 'rolled back'])
      assert.ok(total.of(`no answer: ${what}, ${outcome}`) > 0, seen)
})

/** As it was before decision 0043: only a conflict that was found ends the stamps of a tag without a layout. */
class AsksNothing extends LayoutClaims {
  readonly #options: LayoutClaimsOptions

  constructor(options: LayoutClaimsOptions) {
    super(options)
    this.#options = options
  }

  override guardOf(tag: Tag, published: boolean): StampGuard {
    if (layoutOf(tag.space.format) !== undefined) return super.guardOf(tag, published)
    const { conflicts } = this.#options
    const refused = { kind: 'failed', code: 'IDGEN_SPACE_MISMATCH', message: '' } as const
    return { refusal: () => (conflicts.facesLayout(tag.id) ? refused : undefined) }
  }
}

/** A tag that is not doubtful is taken for published. */
class TakesAllForPublished extends LayoutClaims {
  override guardOf(tag: Tag, _published: boolean): StampGuard {
    return super.guardOf(tag, true)
  }
}

/** A name that nobody claimed yet is taken for one without a layout. */
class TakesNothingForFree extends LayoutClaims {
  constructor(options: LayoutClaimsOptions) {
    const grave = printTombstone({ generation: 'd'.repeat(32), highWater: 0 })
    super({ ...options, names: { read: (path) => withGrave(options, path, grave) } })
  }
}

async function withGrave({ names }: LayoutClaimsOptions, path: string, value: string) {
  const reading = await names.read(path)
  const made = { key: path, value, createRevision: 1, modRevision: 1 }
  return { ...reading, tombstone: reading.tombstone ?? made }
}

describe('faults catch', () => {
  for (const [name, newClaims] of [
    ['no tag without a layout looks', (options) => new AsksNothing(options)],
    ['every tag counts as published', (options) => new TakesAllForPublished(options)],
    ['a name without a claim counts as free', (options) => new TakesNothingForFree(options)],
  ] as const satisfies readonly [string, (options: LayoutClaimsOptions) => LayoutClaims][])
    test(`the mutant in which ${name}`, async (t) => {
      const caught = await firstCaught({ newClaims })
      assert.ok(caught !== undefined, `${SEEDS_MAX} seeds noticed nothing`)
      t.diagnostic(caught.violation ?? '')
    })
})

describe('faults catch', () => {
  for (const [name, newBatch] of [
    [
      'the database forgets the tags of a batch before they are ended in etcd',
      (options) => new ForgetsFirst(options),
    ],
    ['a batch closes no witness', closesNothing],
    ['a batch closes the witnesses after it left the tombstones', closesLate],
  ] as const satisfies readonly (readonly [string, NameParts['newBatch']])[])
    test(`the mutant in which ${name}`, async (t) => {
      const caught = await firstCaught({ newBatch })
      assert.match(caught?.violation ?? `${SEEDS_MAX} seeds noticed nothing`, /forgot .* may grant of it/)
      t.diagnostic(caught?.violation ?? '')
    })
})

async function firstCaught(parts: Partial<NameParts>): Promise<NamesResult | undefined> {
  for (let seed = 1; seed <= SEEDS_MAX; seed += 1) {
    const result = await runNames(seed, parts)
    if (result.violation !== undefined) return result
  }
  return undefined
}

const SEEDS = 12
const SEEDS_MAX = 60
