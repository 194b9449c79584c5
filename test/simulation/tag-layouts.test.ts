import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TimeHolder } from '../../service/core/tag-cursor.ts'
import { TagCursors, type TagCursorsOptions } from '../../service/core/tag-cursors.ts'
import { failureReport } from './failure-report.ts'
import { runSeed, type SeedResult } from './run-seed.ts'
import { Tally } from './world/tally.ts'
import type { Variant } from './world/variant.ts'

/**
 * Tags with a layout of their own (decision 0042). simulation.test.ts runs them with all its seeds, too; restarts within the
 * same unit, which are rare here, are in service/core/tag-cursors.property.test.ts.
 */

const FAULTS = /killed|restarted|paused|reloaded|clock|lease|suspended/

test('they are stamped, of every layout, whatever the unit is', async () => {
  const total = new Tally()
  for (let seed = 1; seed <= 6; seed += 1) {
    const result = await runSeed({ seed, faults: FAULTS })
    assert.equal(result.violation, undefined, failureReport(result))
    total.merge(result.tally)
  }
  for (const name of ['53-bit', '1 ms', '7 ms', '1 s'])
    assert.ok(total.of(`layout ${name}: IDs`) > 1000, `${name}: ${total.of(`layout ${name}: IDs`)}`)
})

/** A tag that comes back begins where the clock is. */
class Forgets extends TagCursors {
  constructor(options: TagCursorsOptions) {
    super({ ...options, holders: options.holders.map((holder) => seen(holder, { lentMs: () => 0 })) })
  }
}

/** A window that ended does not end its units. */
class OutlivesItsWindow extends TagCursors {
  constructor(options: TagCursorsOptions) {
    super({ ...options, holders: options.holders.map((holder) => seen(holder, remembering(holder))) })
  }
}

function remembering(holder: TimeHolder): Partial<Seen> {
  let last: ReturnType<TimeHolder['currentGrant']>
  return {
    currentGrant: () => {
      const grant = holder.currentGrant() ?? last
      last = grant && { ...grant, untilMs: Number.MAX_SAFE_INTEGER }
      return last
    },
    leaseEnded: () => false,
  }
}

interface Seen {
  currentGrant(): ReturnType<TimeHolder['currentGrant']>
  leaseEnded(): boolean
  lentMs(): number
}

function seen(holder: TimeHolder, { currentGrant, leaseEnded, lentMs }: Partial<Seen>): TimeHolder {
  return {
    currentGrant: currentGrant ?? (() => holder.currentGrant()),
    leaseEnded: leaseEnded ?? (() => holder.leaseEnded()),
    lend: (ms) => holder.lend(ms),
    get lentMs() {
      return lentMs?.() ?? holder.lentMs
    },
    get holds() {
      return holder.holds
    },
    get refusal() {
      return holder.refusal
    },
  }
}

const MUTANTS: readonly { readonly name: string; readonly variant: Variant }[] = [
  { name: 'a tag that comes back forgets', variant: { tagCursors: (options) => new Forgets(options) } },
  {
    name: 'the window does not end units',
    variant: { tagCursors: (options) => new OutlivesItsWindow(options) },
  },
]

describe('faults catch', () => {
  for (const { name, variant } of MUTANTS)
    test(`the mutant in which ${name}`, async (t) => {
      const caught = await firstCaught(variant)
      assert.ok(caught !== undefined, `${SEEDS_MAX} seeds noticed nothing`)
      t.diagnostic(`seed ${caught.seed}: ${caught.violation?.rule}: ${caught.violation?.text}`)
    })
})

async function firstCaught(variant: Variant): Promise<SeedResult | undefined> {
  for (let seed = 1; seed <= SEEDS_MAX; seed += 1) {
    const result = await runSeed({ seed, variant, ...SCRAMBLE })
    if (result.violation !== undefined) return result
  }
  return undefined
}

const SEEDS_MAX = 60
/** More processes than worker ids, which are lost and taken again all the time. */
const SCRAMBLE = {
  faults: /lease|cut|killed|reloaded|paused/,
  installation: { workers: 2, leaseMs: 2000, renewEveryMs: 700, windowMs: 2000, workerIds: 1 },
  progress: false,
} as const
