import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { IdMarks, repeats } from './repeated-ids.ts'
import { packagesIn, RIVALS, type Rival } from './rival-generators.ts'

/** What a process of one rival is asked; its arguments are the rival's name and the folder of the packages. */
export type RivalQuestion =
  | { readonly kind: 'bursts'; readonly bursts: number }
  | { readonly kind: 'repeats'; readonly ids: number; readonly numbered: boolean }

export interface BurstAnswer {
  readonly nanos: number
}

export interface RepeatAnswer {
  readonly made: number
  readonly repeats: number
}

interface ThreadPart {
  readonly name: string
  readonly folder: string
  readonly marks: SharedArrayBuffer
  readonly worker: number | undefined
}

/** Few enough for every rival's limit of a millisecond (sonyflake: 256), so that nobody waits inside a burst. */
const BURST = 200
/** Of the bursts. */
const DEAREST = 0.02
/** A generator that is slower than its share of the IDs is counted as far as it came. */
const REPEAT_LIMIT_MS = 20_000
const THREADS = 2

/** Nanoseconds an ID: the mean of bursts, one a millisecond, without the dearest, which the machine interrupted. */
function burstNanos(next: () => unknown, bursts: number): number {
  const nanos: number[] = []
  let sum = 0
  for (let i = 0; i < bursts; i += 1) {
    const ms = Date.now()
    while (Date.now() === ms);
    const begin = process.hrtime.bigint()
    for (let k = 0; k < BURST; k += 1) sum += used(next())
    nanos.push(Number(process.hrtime.bigint() - begin) / BURST)
  }
  if (!(sum > 0)) throw new Error('it made no IDs')
  // A mean, because what fills a pool of randomness pays for many IDs at once.
  const kept = nanos.toSorted((a, b) => a - b).slice(0, Math.ceil(bursts * (1 - DEAREST)))
  return kept.reduce((all, one) => all + one, 0) / kept.length
}

/** A text that nobody reads is only a plan of a text in V8: reading one unit makes it. */
function used(id: unknown): number {
  return typeof id === 'string' ? id.charCodeAt(id.length - 1) : 1
}

function rivalOf(name: string | undefined): Rival {
  const rival = RIVALS.find((one) => one.name === name)
  if (rival === undefined)
    throw new Error(`there is no rival "${name}"; there are ${RIVALS.map((one) => one.name).join(', ')}`)
  return rival
}

async function countRepeats(
  name: string,
  folder: string,
  ids: number,
  numbered: boolean,
): Promise<RepeatAnswer> {
  const all = Array.from({ length: THREADS }, () => new IdMarks(Math.floor(ids / THREADS)))
  await Promise.all(
    all.map(
      ({ shared }, i) =>
        new Promise<void>((resolve, reject) => {
          const part: ThreadPart = { name, folder, marks: shared, worker: numbered ? i + 1 : undefined }
          const thread = new Worker(new URL(import.meta.url), { workerData: part })
          thread.on('error', reject)
          thread.on('exit', () => resolve())
        }),
    ),
  )
  // A new view: the count was written by the thread.
  const marks = all.map(({ shared }) => new IdMarks(shared))
  return { made: marks.reduce((sum, { count }) => sum + count, 0), repeats: repeats(marks) }
}

async function fillMarks({ name, folder, marks: shared, worker }: ThreadPart): Promise<void> {
  const next = await rivalOf(name).open(packagesIn(folder), worker)
  const marks = new IdMarks(shared)
  const limit = Date.now() + REPEAT_LIMIT_MS
  while (marks.room && Date.now() < limit)
    for (let i = 0; i < BURST && marks.room; i += 1) {
      const id = next()
      if (id !== undefined) marks.add(id)
    }
}

if (!isMainThread && parentPort !== null) await fillMarks(workerData as ThreadPart)
else if (process.send !== undefined) {
  const [name = '', folder = ''] = process.argv.slice(2)
  const next = await rivalOf(name).open(packagesIn(folder), 1)
  process.on('message', (question: RivalQuestion) => {
    const answer =
      question.kind === 'bursts'
        ? Promise.resolve({ nanos: burstNanos(next, question.bursts) })
        : countRepeats(name, folder, question.ids, question.numbered)
    answer.then(
      (found) => process.send?.(found),
      (error: unknown) => process.send?.({ error: String(error) }),
    )
  })
  process.send({ name })
}
