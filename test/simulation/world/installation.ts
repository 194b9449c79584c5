import { datedCellSize } from '../../../service/core/dated-numbers.ts'
import type { IdFormat } from '../../../service/core/id-format.ts'
import { DEFAULT_EPOCH_MS, snowflakeLayout } from '../../../service/core/snowflake-layout.ts'
import type { Tag } from '../../../service/core/tag.ts'
import type { Prng } from './prng.ts'

/** What is installed: drawn from the seed, so that the runs differ in shape as well as in faults. */
export interface Installation {
  readonly dcs: readonly number[]
  readonly hostsPerDc: number
  readonly etcd: boolean
  readonly redis: boolean
  /** One PostgreSQL for all data centres, or one each, joined by etcd. */
  readonly databases: 'shared' | 'each'
  /** PostgreSQL's commits wait for its standby. */
  readonly synchronous: boolean
  /** Worker ids of each data centre: few, so that they are used again and again. */
  readonly workers: number
  /** How many of them each process leases. */
  readonly workerIds: number
  readonly leaseMs: number
  readonly renewEveryMs: number
  readonly windowMs: number
  readonly headroomSteps: number
  readonly blocks: number
  readonly tags: readonly Tag[]
  /** Mean time between two requests for IDs to one process. */
  readonly loadEveryMs: number
}

export function drawInstallation(random: Prng, given: Partial<Installation> = {}): Installation {
  const etcd = random.chance(0.85)
  const dcs = random.pick([[0], [0, 1], [0, 1], [0, 1, 2]]) ?? [0]
  const hostsPerDc = dcs.length === 1 ? random.int(2, 4) : 2
  const leaseMs = random.pick([2000, 3000, 6000, 12_000]) ?? 3000
  const spare = random.int(1, 3)
  const drawn: Installation = {
    dcs,
    hostsPerDc,
    etcd,
    redis: etcd && random.chance(0.6),
    databases: etcd && random.chance(0.4) ? 'each' : 'shared',
    synchronous: etcd ? random.chance(0.3) : true,
    workers: hostsPerDc + spare,
    workerIds: 1,
    leaseMs,
    renewEveryMs: leaseMs / 3,
    windowMs: random.pick([leaseMs, 2 * leaseMs, 5000]) ?? leaseMs,
    headroomSteps: random.pick([2, 4, 16]) ?? 4,
    blocks: random.int(1, 4),
    tags: drawTags(random, dcs.length),
    loadEveryMs: random.pick([120, 240, 480]) ?? 240,
  }
  // Nothing more is drawn for it, so that a seed stays the run that it was.
  const several = drawn.loadEveryMs === 240 ? { workerIds: 2, workers: hostsPerDc * 2 + spare } : {}
  return { ...drawn, ...several, ...given }
}

function drawTags(random: Prng, dcCount: number): readonly Tag[] {
  const base = random.pick([4, 10, 40]) ?? 10
  const step = { base, min: Math.ceil(base / 2), max: base * 8 }
  const space = { startAt: random.int(0, 1000), cellSize: step.max * random.int(1, 6), dcCount }
  return [
    tag(1, { chain: ['segment', 'snowflake'], step, space }),
    tag(2, { chain: ['segment'], step, space: { ...space, startAt: 1 } }),
    tag(3, { chain: ['snowflake'], step, space }),
    datedTag(dcCount, step.base),
  ]
}

/** Nothing is drawn for it, so that a seed stays the installation that it was. */
function datedTag(dcCount: number, base: number): Tag {
  const format: IdFormat = {
    width: 4,
    ...(base === 10 ? { shuffleKey: '0f'.repeat(16), radix: 36 } : {}),
    reset: base === 40 ? 'month' : 'day',
  }
  const step = { base, min: Math.ceil(base / 2), max: base * 8 }
  const space = { startAt: 1, cellSize: datedCellSize(format, dcCount), dcCount, format }
  return tag(DATED, { chain: ['segment'], step, space })
}

function tag(id: number, draft: Pick<Tag, 'chain' | 'step' | 'space'>): Tag {
  const at = new Date(0)
  return {
    id,
    generation: String(id).padStart(32, '0'),
    workspace: 'w',
    group: 'g',
    name: `t${id}`,
    displayName: '',
    version: 1,
    createdAt: at,
    updatedAt: at,
    ...draft,
  }
}

/** The tag whose IDs are segment numbers or nothing, and the one whose IDs are snowflakes or nothing. */
export const SEGMENT_ONLY = 2
export const SNOWFLAKE_ONLY = 3
/** The tag whose count begins anew with every date. */
export const DATED = 4

export const LAYOUT = snowflakeLayout(DEFAULT_EPOCH_MS)
