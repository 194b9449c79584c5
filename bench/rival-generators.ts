import { randomUUID, webcrypto } from 'node:crypto'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { decimalText } from '../service/core/decimal.ts'
import { IdBatch } from '../service/core/id-batch.ts'
import { SegmentBuffer } from '../service/core/segment-buffer.ts'
import { Snowflake } from '../service/core/snowflake.ts'
import { DEFAULT_EPOCH_MS, snowflakeLayout } from '../service/core/snowflake-layout.ts'
import { STEP_MAX } from '../service/core/tag.ts'
import { uuidText } from '../service/core/uuid-text.ts'
import { UuidV7 } from '../service/core/uuid-v7.ts'

/** One way to make IDs in process, as its own documents say to use it. */
export interface Rival {
  readonly name: string
  /** Of npm; undefined: ours or Node's. */
  readonly npm?: string
  readonly form: 'number' | 'text' | 'bigint' | 'bytes'
  /** What it says of uniqueness, in one sentence. */
  readonly promise: string
  /** It takes a number that tells generators apart. */
  readonly numbered: boolean
  /** `load` imports a package; `worker`: undefined where nobody gave one. undefined from next: none in this millisecond. */
  readonly open: (load: LoadPackage, worker: number | undefined) => Promise<() => unknown>
}

export type LoadPackage = (name: string) => Promise<Record<string, unknown>>

/** Imports packages out of the folder into which rivals/package.json was installed. */
export function packagesIn(folder: string): LoadPackage {
  const { resolve } = createRequire(join(folder, 'package.json'))
  return async (name) => (await import(pathToFileURL(resolve(name)).href)) as Record<string, unknown>
}

const BY_CHANCE = 'by chance: enough random bits'
const BY_NUMBER = 'while all generators have different numbers, which nobody gives them'
const BY_GRANT = 'always: its numbers or its time were granted to it alone'

export const RIVALS: readonly Rival[] = [
  {
    name: 'idgen segment',
    form: 'number',
    promise: BY_GRANT,
    numbered: true,
    open: (_load, worker = 0) => Promise.resolve(idgenSegment(worker)),
  },
  {
    name: 'idgen snowflake',
    form: 'text',
    promise: BY_GRANT,
    numbered: true,
    open: (_load, worker = 0) => Promise.resolve(idgenSnowflake(worker)),
  },
  {
    name: 'idgen UUID v7',
    form: 'text',
    promise: BY_CHANCE,
    numbered: false,
    open: () => Promise.resolve(idgenUuid()),
  },
  {
    name: 'crypto.randomUUID',
    form: 'text',
    promise: BY_CHANCE,
    numbered: false,
    open: () => Promise.resolve(() => randomUUID()),
  },
  rival('uuid', 'text', BY_CHANCE, ({ v7 }) => v7 as () => string, 'uuid v7'),
  rival('nanoid', 'text', BY_CHANCE, ({ nanoid }) => {
    const make = nanoid as () => string
    return () => make()
  }),
  rival('ulid', 'text', BY_CHANCE, ({ monotonicFactory }) => {
    const make = (monotonicFactory as () => () => string)()
    return () => make()
  }),
  rival('@paralleldrive/cuid2', 'text', BY_CHANCE, ({ createId }) => createId as () => string),
  rivalWithNumber('@sapphire/snowflake', 'bigint', ({ Snowflake: Made }, worker) => {
    const Maker = Made as new (epoch: number) => { workerId: number; generate: () => bigint }
    const made = new Maker(DEFAULT_EPOCH_MS)
    if (worker !== undefined) made.workerId = worker
    return () => made.generate()
  }),
  rivalWithNumber('nodejs-snowflake', 'bigint', ({ Snowflake: Made }, worker) => {
    const Maker = Made as new (options: object) => { getUniqueID: () => bigint }
    const made = new Maker({
      custom_epoch: DEFAULT_EPOCH_MS,
      ...(worker === undefined ? {} : { instance_id: worker }),
    })
    return () => made.getUniqueID()
  }),
  rivalWithNumber('flake-idgen', 'bytes', ({ default: Made }, worker) => {
    const made = new (Made as new (options: object) => { next: () => Buffer })(
      worker === undefined ? {} : { id: worker },
    )
    return () => {
      try {
        return made.next()
      } catch {
        // More than 4096 in a millisecond: without a callback it throws.
        return undefined
      }
    }
  }),
  rivalWithNumber('sonyflake', 'text', ({ Sonyflake }, worker) => {
    const made = new (Sonyflake as new (options: object) => { nextId: () => string })(
      worker === undefined ? {} : { machineId: worker },
    )
    return () => made.nextId()
  }),
]

function rival(
  npm: string,
  form: Rival['form'],
  promise: string,
  make: (exports: Record<string, unknown>) => () => unknown,
  name = npm,
): Rival {
  return { name, npm, form, promise, numbered: false, open: async (load) => make(await load(npm)) }
}

function rivalWithNumber(
  npm: string,
  form: Rival['form'],
  make: (exports: Record<string, unknown>, worker: number | undefined) => () => unknown,
): Rival {
  const open: Rival['open'] = async (load, worker) => make(await load(npm), worker)
  return { name: npm, npm, form, promise: BY_NUMBER, numbered: true, open }
}

/** What the store does: each thread has numbers of its own. */
function idgenSegment(worker: number): () => unknown {
  const buffer = new SegmentBuffer({ step: { base: STEP_MAX, min: 1, max: STEP_MAX } })
  const batch = new IdBatch()
  const base = 2 ** 40 * (worker + 1)
  let granted = base
  return () => {
    batch.clear()
    if (buffer.take(1, 0, batch) === 1) return batch.runHi(0) * 2 ** 32 + batch.runLo(0)
    buffer.install({ lo: granted, hi: granted + STEP_MAX }, 0)
    granted += STEP_MAX
    return undefined
  }
}

/** What the store does: each worker id has its time for itself. undefined past 1024 in a millisecond. */
function idgenSnowflake(worker: number): () => unknown {
  const snowflake = new Snowflake({ layout: snowflakeLayout(DEFAULT_EPOCH_MS), seed: 1 + worker })
  const now = Date.now()
  snowflake.install({ dc: 1, worker, fromMs: now, untilMs: now + HOUR_MS })
  const batch = new IdBatch()
  return () => {
    batch.clear()
    if (snowflake.take(1, Date.now(), batch) === 0) return undefined
    return decimalText(batch.runHi(0), batch.runLo(0))
  }
}

function idgenUuid(): () => unknown {
  const uuid = new UuidV7((bytes) => void webcrypto.getRandomValues(bytes))
  const batch = new IdBatch()
  return () => {
    batch.clear()
    uuid.take(1, Date.now(), batch)
    return uuidText(batch.uuidBytes(), 0)
  }
}

const HOUR_MS = 3_600_000
