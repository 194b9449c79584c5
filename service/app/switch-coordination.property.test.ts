import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { settle } from '../../test/fixtures/settle.ts'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { TimeWorld } from '../../test/fixtures/time-world.ts'
import { UnreliableCoordinator } from '../../test/fixtures/unreliable-coordinator.ts'
import { UnreliableTimes } from '../../test/fixtures/unreliable-times.ts'
import { MemoryAuditSink } from '../adapters/memory/memory-audit-sink.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { MemoryRandom } from '../adapters/memory/memory-random.ts'
import { MemoryTimeGrantStore } from '../adapters/memory/memory-time-grant-store.ts'
import { authorityKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import type { TimeGrantStore, TimeHold } from '../ports/time-grant-store.ts'
import { AuditTrail } from './audit-trail.ts'
import { CoordinatedTimeGrants } from './coordinated-time-grants.ts'
import { SwitchCoordination } from './switch-coordination.ts'

const WORKERS = 2
const LEASE_MS = 3000
const CLI = { actor: 'cli', traceId: undefined }

/** What is used of a worker id by one hold: every millisecond from where it began. */
interface Claim {
  readonly worker: number
  readonly nonce: string
  readonly fromMs: number
  untilMs: number
}

/** Everybody stops before every call to a store until it is let go on: the order of all calls is the test's. */
class Stage {
  readonly world = new TimeWorld()
  readonly claims: Claim[] = []
  readonly waiting: { readonly go: () => void; readonly cut: (error: Error) => void }[] = []
  readonly coordinators: UnreliableCoordinator[] = []
  readonly idle: (() => Promise<void>)[] = []
  runs = 0
  /** Switches that came to their end. */
  switched = 0

  constructor() {
    this.#holder(this.#etcdGrants())
    this.#holder(this.#etcdGrants())
    this.#holder(new MemoryTimeGrantStore(this.world.clock, { workers: WORKERS }, this.world.tables))
    this.#switcher('etcd')
    this.#switcher('etcd')
    this.#switcher('postgres')
    this.#switcher('postgres')
  }

  async turn(): Promise<void> {
    await new Promise<void>((go, cut) => this.waiting.push({ go, cut }))
  }

  check(): void {
    const stores = [
      this.world.tables.find(0)?.authority.store,
      /"store":"etcd"/.test(this.world.entry(authorityKey(0))?.value ?? '') ? 'and etcd' : '',
    ]
    assert.notDeepEqual(stores, ['postgres', 'and etcd'], 'two stores grant')
    for (const [i, a] of this.claims.entries())
      for (const b of this.claims.slice(i + 1))
        assert.ok(
          a.worker !== b.worker ||
            a.untilMs <= b.fromMs ||
            b.untilMs <= a.fromMs ||
            a.fromMs === a.untilMs ||
            b.fromMs === b.untilMs,
          `worker ${a.worker}: ${a.fromMs}–${a.untilMs} and ${b.fromMs}–${b.untilMs}`,
        )
  }

  #etcdGrants(): TimeGrantStore {
    const { world } = this
    const { coordinator, database } = this.#ways()
    return new CoordinatedTimeGrants({
      coordinator,
      copies: database,
      clock: world.clock,
      log: SILENT,
      workers: WORKERS,
    })
  }

  #ways() {
    const coordinator = new UnreliableCoordinator(new MemoryCoordinator(this.world.etcd))
    coordinator.before = async (call) => {
      if (call === 'transact' || call === 'list') await this.turn()
    }
    this.coordinators.push(coordinator)
    const database = new UnreliableTimes(this.world.database)
    database.around = async (name, call) => {
      if (name !== 'nowMs') await this.turn()
      return await call()
    }
    return { coordinator, database }
  }

  /** Acquires, extends a few times, releases or forgets, and again. */
  #holder(store: TimeGrantStore): void {
    let hold: TimeHold | undefined
    let claim: Claim | undefined
    let askedMs = 0
    let turns = 0
    const act = async (): Promise<void> => {
      turns += 1
      try {
        if (hold === undefined) {
          hold = await store.acquire({ ...this.world.request(), leaseMs: LEASE_MS })
          askedMs = hold.untilMs
          claim = {
            worker: hold.worker,
            nonce: hold.nonce,
            fromMs: hold.untilMs,
            untilMs: hold.untilMs,
          }
          this.claims.push(claim)
        } else if (turns % 6 === 5 && claim !== undefined) {
          const { fromMs, untilMs } = claim
          claim.untilMs = fromMs + Math.floor((untilMs - fromMs) / 2)
          const ended = hold
          hold = undefined
          await store.release(ended, claim.untilMs)
        } else {
          askedMs = Math.max(askedMs, hold.untilMs, this.world.clock.nowMs() + 1000)
          hold = await store.extend(hold, askedMs, LEASE_MS)
          if (hold !== undefined && claim !== undefined) claim.untilMs = hold.untilMs
        }
      } catch (error) {
        if (!(error instanceof IdgenError)) throw error
      }
      this.idle.push(act)
    }
    this.idle.push(act)
  }

  #switcher(to: 'etcd' | 'postgres'): void {
    const { coordinator, database } = this.#ways()
    const audit = new AuditTrail({
      sink: new MemoryAuditSink(),
      clock: this.world.clock,
      log: SILENT,
      queueMax: 10,
      flushEveryMs: 1000,
    })
    const act = async (): Promise<void> => {
      this.runs += 1
      const tool = new SwitchCoordination({
        coordinator,
        database,
        audit,
        random: new MemoryRandom(this.runs),
      })
      try {
        if ((await tool.run(CLI, { dc: 0, to, force: true })).outcome === 'switched') this.switched += 1
      } catch (error) {
        if (!(error instanceof IdgenError)) throw error
      }
      this.idle.push(act)
    }
    this.idle.push(act)
  }
}

/** Of a seed: the order in which everybody goes on, and what is lost, late or cut off. */
async function play(seed: number): Promise<number> {
  const stage = new Stage()
  const { world } = stage
  await world.database.authority(0, { store: 'etcd', layoutHash: 'layout-a' })
  const bytes = new Uint8Array(STEPS * 2)
  new MemoryRandom(seed).fill(bytes)
  const failures: unknown[] = []
  for (let step = 0; step < STEPS; step += 1) {
    const kind = (bytes[step * 2] ?? 0) % 64
    const pick = bytes[step * 2 + 1] ?? 0
    const way = stage.coordinators[pick % stage.coordinators.length]
    if (kind < 10 && stage.idle.length > 0) {
      const [act] = stage.idle.splice(pick % stage.idle.length, 1)
      act?.().catch((error: unknown) => failures.push(error))
    } else if (kind < 58 && stage.waiting.length > 0) {
      stage.waiting.splice(pick % stage.waiting.length, 1)[0]?.go()
    } else if (kind === 58 && stage.waiting.length > 0) {
      const cut = new IdgenError('IDGEN_STORE_UNAVAILABLE', 'cut off')
      stage.waiting.splice(pick % stage.waiting.length, 1)[0]?.cut(cut)
    } else if (kind === 59 && way !== undefined) {
      way.fate = () => {
        way.fate = () => 'done'
        return FATES[pick % FATES.length] ?? 'done'
      }
    } else if (kind === 60) await way?.arrive()
    else world.clock.advance(pick * 4)
    // In memory everything up to the next stop happens at once.
    await settle(1)
    stage.check()
    assert.deepEqual(failures, [])
  }
  return stage.switched
}

const STEPS = 500
const FATES = ['lost', 'reply lost', 'late'] as const

test('holders, several switches in both directions, lost and late messages in any order: no millisecond twice', async () => {
  let switched = 0
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      switched += await play(seed)
    }),
    { numRuns: 60, endOnFailure: true },
  )
  assert.ok(switched > 60, `only ${switched} switches were made: the test tests nothing`)
})
