import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { IdBatch } from './id-batch.ts'
import { Snowflake, type SnowflakeOptions } from './snowflake.ts'
import { DEFAULT_EPOCH_MS, snowflakeLayout } from './snowflake-layout.ts'
import { type OpenTagCursor, TagCursors } from './tag-cursors.ts'
import { canonicalLayout, decodeOfLayout, isSafeLayout, layoutFault, type TagLayout } from './tag-layout.ts'

const T = Date.UTC(2026, 5, 1)
const NARROW = canonicalLayout('53-bit')

/** Units that are short, that divide nothing, and as long as a second. */
const LAYOUTS: readonly TagLayout[] = [
  NARROW,
  { ...NARROW, unitMs: 1, timeBits: 41, sequenceBits: 1 },
  { ...NARROW, unitMs: 7, epochMs: DEFAULT_EPOCH_MS + 3 },
  { ...NARROW, unitMs: 1000, timeBits: 32, sequenceBits: 6 },
  // Of 63 bits: with numbers above 2^53, and with all of the lower word below the time.
  { ...NARROW, unitMs: 1, timeBits: 42, sequenceBits: 10, epochMs: 0 },
  {
    ...NARROW,
    unitMs: 200,
    timeBits: 31,
    dcBits: 8,
    workerBits: 16,
    sequenceBits: 8,
    epochMs: 1_750_000_000_000,
  },
  // Of one data centre alone: another one must get nothing of it.
  { ...NARROW, dcBits: 0, unitMs: 3, timeBits: 40, sequenceBits: 3 },
]

/** Shorter than the longest pause. */
const LEASE_MS = 2000

/** What a process is made of; tests leave rules out of it. */
interface Rules {
  readonly snowflake?: (options: SnowflakeOptions) => Snowflake
  readonly closes?: false
  readonly remembers?: false
  readonly roundsDown?: true
  readonly leases?: false
}

interface Process {
  readonly holders: readonly Snowflake[]
  readonly cursors: TagCursors
  /** By layout: all that was ever opened, the newest last. */
  readonly opened: OpenTagCursor[][]
  readonly last: bigint[]
}

/** Three worker ids of one data centre with the `until` of each, as a store keeps it; two processes, one of them with two. */
class World {
  readonly untilMs = [T, T, T]
  readonly seen = LAYOUTS.map(() => new Set<bigint>())
  readonly owners = [[0], [1, 2]]
  readonly nowMs = [T, T]
  /** What the monotonic clock of each process reads. */
  readonly monotonicMs = [0, 0]
  readonly processes: Process[]
  readonly #rules: Rules

  readonly dc: number

  constructor(rules: Rules, dc: number) {
    this.#rules = rules
    this.dc = dc
    this.processes = [this.#process(0), this.#process(1)]
  }

  #process(which: number): Process {
    const monotonicMs = (): number => this.monotonicMs[which] ?? 0
    const holders = (this.owners[which] ?? []).map((worker) => {
      const options = {
        layout: snowflakeLayout(DEFAULT_EPOCH_MS),
        seed: worker,
        borrowMaxMs: 1000,
        monotonicMs,
      }
      return this.#rules.snowflake?.(options) ?? new Snowflake(options)
    })
    const cursors = new TagCursors({
      holders: holders.map((holder) => this.#seen(holder)),
      borrowMaxMs: 1000,
      seed: () => 9,
    })
    const process = { holders, cursors, opened: LAYOUTS.map(() => []), last: LAYOUTS.map(() => -1n) }
    this.#open(process)
    return process
  }

  #seen(holder: Snowflake) {
    const { remembers, roundsDown, leases } = this.#rules
    const grant = (): ReturnType<Snowflake['currentGrant']> => {
      const real = holder.currentGrant()
      return real && roundsDown ? { ...real, fromMs: real.fromMs - 1000 } : real
    }
    return {
      currentGrant: grant,
      leaseEnded: () => leases !== false && holder.leaseEnded(),
      lend: (ms: number) => holder.lend(ms),
      get lentMs() {
        return remembers === false ? 0 : holder.lentMs
      },
      get holds() {
        return holder.holds
      },
      get refusal() {
        return holder.refusal
      },
    }
  }

  #open(process: Process): void {
    for (const [i, layout] of LAYOUTS.entries()) {
      const generation = this.#rules.closes === false ? String(process.opened[i]?.length) : 'tag'
      process.opened[i]?.push(process.cursors.open(`${i} ${generation}`, layout))
    }
  }

  run(which: number, kind: string, n: number): void {
    const process = this.processes[which]
    assert.ok(process !== undefined)
    this.nowMs[which] = (this.nowMs[which] ?? T) + (kind === 'clock' ? n : 0)
    if (kind === 'pause') this.monotonicMs[which] = (this.monotonicMs[which] ?? 0) + n
    if (kind === 'take') this.#take(process, which, n)
    if (kind === 'reload') this.#open(process)
    if (kind === 'extend') this.#extend(process, which, n)
    if (kind === 'revoke') this.#revoke(process, which, n)
    if (kind === 'release') this.#release(process, which, n)
    if (kind === 'crash') this.#restart(which, n)
  }

  /** A new hold of the same worker ids, or of the next ones. */
  #revoke(process: Process, which: number, n: number): void {
    for (const holder of process.holders) holder.revoke('lost')
    this.#install(process, which, n)
  }

  #release(process: Process, which: number, n: number): void {
    for (const holder of process.holders) {
      const [unusedMs, grant] = [holder.firstUnusedMs(), holder.currentGrant()]
      holder.revoke('shutting down')
      // Only who still holds a worker id can let it go.
      if (unusedMs !== undefined && grant !== undefined) this.untilMs[grant.worker] = unusedMs
    }
    // The other process may get them.
    if (n % 3 === 0) this.#swap()
    this.#restart(which, n)
  }

  #swap(): void {
    const [one, two] = this.owners
    if (one === undefined || two === undefined) return
    for (const process of this.processes) for (const holder of process.holders) holder.revoke('swapped')
    const [a = 0, b = 0] = [one[0], two[0]]
    one[0] = b
    two[0] = a
  }

  #restart(which: number, n: number): void {
    const process = this.#process(which)
    this.processes[which] = process
    this.#install(process, which, n)
  }

  #install(process: Process, which: number, n: number): void {
    for (const [i, holder] of process.holders.entries()) {
      const worker = this.owners[which]?.[i] ?? 0
      const fromMs = Math.max(this.untilMs[worker] ?? 0, this.nowMs[which] ?? 0)
      this.untilMs[worker] = fromMs + n
      holder.install({ dc: this.dc, worker, fromMs, untilMs: fromMs + n })
      holder.leaseUntil((this.monotonicMs[which] ?? 0) + LEASE_MS)
    }
  }

  #extend(process: Process, which: number, n: number): void {
    for (const [i, holder] of process.holders.entries()) {
      const grant = holder.currentGrant()
      const worker = this.owners[which]?.[i] ?? 0
      if (grant === undefined) return this.#revoke(process, which, n)
      this.untilMs[worker] = grant.untilMs + n
      holder.extend(grant.untilMs + n)
      holder.leaseUntil((this.monotonicMs[which] ?? 0) + LEASE_MS)
    }
  }

  /** Of the process' own cursor too: they share the window. And of what was opened before, as a request that still has it. */
  #take(process: Process, which: number, n: number): void {
    const nowMs = this.nowMs[which] ?? T
    for (const holder of process.holders) holder.take(3, nowMs, new IdBatch())
    for (const [i, opened] of process.opened.entries())
      for (const one of opened.slice(-2)) this.#check(process, i, one, Math.min(n, 90), nowMs)
  }

  #check(process: Process, at: number, { algorithm }: OpenTagCursor, count: number, nowMs: number): void {
    const layout = LAYOUTS[at] ?? NARROW
    const batch = new IdBatch()
    assert.equal(algorithm.take(count, nowMs, batch), batch.count)
    const grants = process.holders.map((holder) => holder.currentGrant())
    if (this.dc >= 2 ** layout.dcBits) assert.equal(batch.count, 0, 'what does not fit gets nothing')
    for (let run = 0; run < batch.runCount; run += 1) {
      const [hi, lo, length] = [batch.runHi(run), batch.runLo(run), batch.runLength(run)]
      const decoded = decodeOfLayout(layout, { hi, lo })
      assert.ok(decoded !== undefined)
      assert.ok(decoded.sequence + length <= 2 ** layout.sequenceBits, 'a run stays in its unit')
      const grant = grants.find((one) => one?.worker === decoded.worker)
      assert.ok(grant !== undefined, 'a worker id of this process')
      assert.equal(decoded.dc, this.dc)
      const holder = process.holders[grants.indexOf(grant)]
      assert.equal(holder?.leaseEnded(), false, 'under its lease')
      if (this.#rules.roundsDown !== true)
        assert.ok(decoded.timeMs >= grant.fromMs && decoded.timeMs < grant.untilMs, 'begins inside')
      for (let k = 0; k < length; k += 1) {
        const id = BigInt(hi) * 2n ** 32n + BigInt(lo + k)
        assert.ok(id < (isSafeLayout(layout) ? 2n ** 53n : 2n ** 63n), 'within its bits')
        assert.ok(this.seen[at]?.has(id) === false, 'once')
        this.seen[at]?.add(id)
        assert.ok(id > (process.last[at] ?? -1n), 'increasing')
        process.last[at] = id
      }
    }
  }
}

const n = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 3000 }))
const move = fc.oneof(fc.integer({ min: -6, max: 60 }), fc.integer({ min: -2500, max: 2500 }))
const of = (kind: string, weight: number, arbitrary = n) => ({
  weight,
  arbitrary: fc.record({ kind: fc.constant(kind), n: arbitrary }),
})
const step = fc.oneof(
  of('take', 7),
  of('clock', 5, move),
  of('extend', 2),
  of('reload', 2),
  of('revoke', 1),
  of('pause', 2),
  of('release', 2),
  of('crash', 1),
)

function property(rules: Rules) {
  return fc.property(
    fc.constantFrom(0, 5),
    fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), step), { minLength: 5, maxLength: 50, size: 'max' }),
    (dc, steps) => {
      const world = new World(rules, dc)
      world.run(0, 'crash', 500)
      world.run(1, 'crash', 500)
      for (const [which, { kind, n }] of steps) world.run(which, kind, n)
    },
  )
}

test('whatever clocks, grants, restarts and reloads do: no number of a tag twice, none outside its grant, increasing', () => {
  fc.assert(property({}), { numRuns: 300 })
})

/** The window is handed on although units of it are stamped. */
class LendsInSecret extends Snowflake {
  #secretMs = 0

  override get lentMs(): number {
    return this.#secretMs
  }

  override lend(ms: number): void {
    this.#secretMs = Math.max(this.#secretMs, ms)
  }
}

describe('the property notices', () => {
  const mutants: readonly (readonly [string, Rules])[] = [
    ['a release that does not know of lent units', { snowflake: (options) => new LendsInSecret(options) }],
    ['a cursor that begins anew where the clock is', { remembers: false }],
    ['two open cursors of one tag', { closes: false }],
    ['units that are rounded down', { roundsDown: true }],
    ['a lease that ends nothing', { leases: false }],
  ]
  for (const [name, rules] of mutants)
    test(name, () => {
      const { failed, errorInstance } = fc.check(property(rules), {
        numRuns: 1000,
        seed: 42,
        endOnFailure: true,
      })
      assert.ok(failed, 'nothing was noticed')
      assert.match(String(errorInstance), /once|increasing|under its lease/)
    })
})

test('the layouts are such as a tag may have', () => {
  for (const layout of LAYOUTS) assert.equal(layoutFault(layout), undefined)
})
