import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import type { Observation, Scenario, Stage } from '../scenario.ts'

/** Enough for several allocations of `orders` by every service: these commits are lost. */
const LOST_MS = 4000
/** Until what the services had in memory is used up, and they live from what the changed database grants. */
const NEW_GRANTS_S = 15

const FAILED_OVER: Scenario = {
  name: 'postgres-failover',
  title: `the PostgreSQL primary is killed and its asynchronous standby promoted, without the commits of the last ${LOST_MS / 1000} s`,
  holdS: NEW_GRANTS_S,
  prepare: ({ postgres }) => postgres.addStandby(),
  async beforeFault({ installation }) {
    installation.postgres.loseCommits()
    await pause(LOST_MS)
  },
  inject: (stage) => losing(stage, () => stage.installation.postgres.failOver()),
  check: lostCommitsWereMet,
}

interface Allocations {
  readonly count: number
  /** First number above all that was ever allocated of `orders`. */
  readonly end: number
}

const allocatedBefore = new WeakMap<Stage, Allocations>()

/** Notes what the database had committed before `change` and what of it is gone after it. */
async function losing(stage: Stage, change: () => Promise<void>): Promise<void> {
  const before = await allocations(stage)
  allocatedBefore.set(stage, before)
  await change()
  stage.measured.set('allocations lost', String(before.count - (await allocations(stage)).count))
}

async function allocations({ installation: { postgres } }: Stage): Promise<Allocations> {
  return await postgres.primary.ask(async (client) => {
    const { rows } = await client.query<{ count: string; end: string }>(
      `SELECT count(*) AS count, max(hi) FILTER (WHERE tag_id = (SELECT id FROM biz_tags WHERE name = 'orders')) AS end
       FROM segment_allocations`,
    )
    return { count: Number(rows[0]?.count), end: Number(rows[0]?.end) }
  })
}

/** Without these the run would have shown nothing. */
function lostCommitsWereMet(stage: Stage, { audit }: Observation): void {
  const { measured, issued } = stage
  assert.ok(Number(measured.get('allocations lost')) > 0, 'allocations were lost')
  const end = allocatedBefore.get(stage)?.end ?? Number.POSITIVE_INFINITY
  assert.ok(issued.highest('orders') >= end, 'numbers granted after it were issued')
  assert.match(audit.join('\n'), /store\.regressed/, 'lost commits are audited')
}

/** The bar: a tag with prefetch for it (`stock`) loses nothing, one without (`orders`) degrades and recovers. */
const AWAY_A_MINUTE: Scenario = {
  name: 'postgres-away',
  title: 'PostgreSQL is killed and started after a minute, under half of the most load',
  holdS: 60,
  halfOfTheMost: true,
  async inject({ installation }) {
    await installation.postgres.primary.kill()
  },
  async heal({ installation }) {
    await installation.postgres.primary.start()
  },
  degrades: ['orders'],
}

const FROZEN: Scenario = {
  name: 'postgres-frozen',
  title: 'PostgreSQL hangs (SIGSTOP): its connections stay open and nothing answers',
  holdS: 20,
  async inject({ installation }) {
    installation.postgres.primary.freeze()
  },
  async heal({ installation }) {
    installation.postgres.primary.thaw()
  },
  degrades: ['orders'],
}

function restored(timeline: 'same' | 'new', how: string): Scenario {
  const backups = new WeakMap<Stage, string>()
  return {
    name: `postgres-restored-${timeline}-timeline`,
    title: `PostgreSQL is killed and an older base backup put in its place, ${how}`,
    holdS: NEW_GRANTS_S,
    async beforeFault(stage) {
      backups.set(stage, await stage.installation.postgres.backup())
      await pause(LOST_MS)
    },
    inject: (stage) =>
      losing(stage, () => stage.installation.postgres.restore(backups.get(stage) ?? '', timeline)),
    check: lostCommitsWereMet,
  }
}

export const POSTGRES_SHORT: readonly Scenario[] = [FAILED_OVER]
export const POSTGRES_LONG: readonly Scenario[] = [
  FAILED_OVER,
  AWAY_A_MINUTE,
  FROZEN,
  restored('same', 'started as it is'),
  restored('new', 'recovered to a point in time'),
]
