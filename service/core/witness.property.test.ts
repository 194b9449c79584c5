import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { planGrant, type WitnessedRow, type WitnessRecord } from './witness.ts'

/** What becomes of one allocation. */
const OUTCOMES = [
  'granted',
  'commit lost',
  'commit unknown',
  'etcd timed out',
  'etcd timed out, applied',
] as const

const step = fc.record({
  kind: fc.constantFrom(
    'allocate',
    'allocate away',
    'lose commits',
    'start again',
    'split',
    'restore etcd',
    'move',
  ),
  server: fc.nat(1),
  outcome: fc.constantFrom(...OUTCOMES),
  size: fc.integer({ min: 1, max: 5 }),
  back: fc.integer({ min: 1, max: 4 }),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Two database servers (the second appears by a split brain) and one etcd, allocations one after the other. */
class World {
  readonly issued = new Set<number>()
  readonly servers: { row: WitnessedRow; log: WitnessedRow[] }[]
  record: WitnessRecord | undefined
  readonly records: (WitnessRecord | undefined)[] = []
  #histories = 0
  /** Both stores losing the same grant is outside the promise: one of them goes back in a run, never both. */
  #wentBack: 'database' | 'etcd' | undefined

  constructor(row: WitnessedRow) {
    this.servers = [{ row, log: [] }]
  }

  run({ kind, server, outcome, size, back }: Step): void {
    const at = this.servers[Math.min(server, this.servers.length - 1)]
    if (at === undefined) return
    if (kind === 'allocate' || kind === 'allocate away' || kind === 'move')
      this.#allocate(at, kind, outcome, size)
    else if (kind === 'start again') at.row = { ...at.row, history: this.#newHistory() }
    else if (kind === 'restore etcd') this.#restoreEtcd(back)
    else this.#loseCommits(at, kind, back)
  }

  #allocate(at: World['servers'][number], kind: string, outcome: string, size: number): void {
    const isMove = kind === 'move'
    // Sometimes exactly to the end of a cell.
    const to = size % 2 === 0 ? at.row.nextValue + size : (at.row.cell + 1) * at.row.space.cellSize + 1
    const request = { dc: 0, step: isMove ? 0 : size, atLeast: isMove ? to : 0 }
    const away = kind === 'allocate away'
    let plan = planGrant(at.row, away ? 'away' : (this.record ?? 'none'), request, RULES)
    if (typeof plan === 'string') return
    if (plan.record !== undefined && outcome.startsWith('etcd')) {
      // The compare-and-set gave no answer: the row alone decides, whether it was applied or not.
      if (outcome.endsWith('applied')) this.#moveRecord(plan.record)
      plan = planGrant(at.row, 'away', request, RULES)
      if (typeof plan === 'string') return
    } else if (plan.record !== undefined) this.#moveRecord(plan.record)
    if (outcome === 'commit lost') return
    at.log.push(at.row)
    at.row = { ...at.row, ...plan.row }
    if (outcome === 'commit unknown') return
    for (let n = plan.grant.lo; n < plan.grant.hi; n += 1) {
      assert.ok(!this.issued.has(n), `${n} was granted twice`)
      this.issued.add(n)
    }
  }

  #moveRecord(record: WitnessRecord): void {
    this.records.push(this.record)
    this.record = record
  }

  #loseCommits(at: World['servers'][number], kind: string, back: number): void {
    if (this.#wentBack === 'etcd') return
    this.#wentBack = 'database'
    const old = at.log.at(-back) ?? at.row
    const row = { ...old, history: this.#newHistory() }
    if (kind === 'split' && this.servers.length === 1) this.servers.push({ row, log: [] })
    else at.row = row
  }

  #restoreEtcd(back: number): void {
    if (this.#wentBack === 'database') return
    this.#wentBack = 'etcd'
    this.record = this.records.at(-back)
  }

  #newHistory(): string {
    this.#histories += 1
    return `h${this.#histories}`
  }
}

const ROW: WitnessedRow = {
  space: { startAt: 0, cellSize: 1000, dcCount: 1 },
  cell: 0,
  nextValue: 0,
  ceiling: 0,
  ceilingHistory: '',
  history: 'h0',
}
const RULES = { headroomSteps: 2, proceed: false }

/** Cells that are used up often, with a headroom of one number. */
const DATED: WitnessedRow = {
  ...ROW,
  space: { startAt: 1, cellSize: 50, dcCount: 1, format: { reset: 'day', width: 2 } },
  nextValue: 1,
}

for (const [name, row] of Object.entries({ 'no number': ROW, 'no number of a date': DATED }))
  test(`${name} is granted twice, whatever one of the two stores loses`, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const world = new World(row)
        for (const each of steps) world.run(each)
      }),
      { numRuns: 5000 },
    )
  })
