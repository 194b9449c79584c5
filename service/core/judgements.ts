import { bad, type Finding, good, warning } from './finding.ts'
import { WORKER_COUNT } from './snowflake-layout.ts'

/** When a number is well and when somebody should look: the same for `idgen doctor` and a running process. */
const DAY_MS = 86_400_000
const FIVE_YEARS_MS = 5 * 365 * DAY_MS

export interface Ending {
  readonly what: string
  readonly endMs: number
  /** So long before the end somebody should begin. */
  readonly noticeMs: number
  readonly todo: string
}

/** What ends on a date. `isoOf` writes a moment. */
export function judgeEnding(
  { what, endMs, noticeMs, todo }: Ending,
  nowMs: number,
  isoOf: (ms: number) => string,
): Finding {
  const leftMs = endMs - nowMs
  if (leftMs <= 0) return bad(what, `ended at ${isoOf(endMs)}`, todo)
  const found = `until ${isoOf(endMs)}, ${Math.floor(leftMs / DAY_MS)} days from now`
  return leftMs < noticeMs ? warning(what, found, todo) : good(what, found)
}

/** As the alert IdgenServedCertificateEnds: those of a week or less are renewed within days, so a fifth of their life is little. */
export function certificateEnding({
  startMs,
  endMs,
}: {
  readonly startMs: number
  readonly endMs: number
}): Ending {
  return {
    what: 'certificate',
    endMs,
    noticeMs: Math.min(7 * DAY_MS, (endMs - startMs) / 5),
    todo: 'Put a new one in the files of server.https.cert and server.https.key; no restart is needed.',
  }
}

/** As the alert IdgenLayoutEnds. */
export const LAYOUT_END = {
  what: 'snowflake layout',
  noticeMs: FIVE_YEARS_MS,
  todo: 'Plan tags of a new installation with a later snowflake.epoch, or tags that are segments: then snowflakes are refused.',
} as const

/** Of the tags in memory that have a layout of their own, the first one that ends. */
export const TAG_LAYOUT_END = {
  what: 'layout of a tag',
  noticeMs: FIVE_YEARS_MS,
  todo: 'Make a new tag with more bits of time or a later epoch in place of the one whose layout ends: then it refuses.',
} as const

/** `than`: "the database's", "etcd's". */
export function judgeClock(what: string, aheadMs: number, limitMs: number, than: string): Finding {
  if (Math.abs(aheadMs) > limitMs)
    return bad(
      what,
      `this clock is ${aheadMs} ms from ${than}; at most ${limitMs} ms are allowed [IDGEN_CLOCK_UNUSABLE]`,
      'Correct the clock (NTP) of whichever machine is wrong.',
    )
  if (Math.abs(aheadMs) > limitMs / 2)
    return warning(
      what,
      `${aheadMs} ms from ${than}, of ${limitMs} ms allowed`,
      'Check NTP on both machines.',
    )
  return good(what, `${aheadMs} ms from ${than}`)
}

export function judgeWorkerIds(held: number, wanted: number): Finding {
  const left = Math.max(0, WORKER_COUNT - held)
  const found = `${held} of ${WORKER_COUNT} are held in this data centre`
  const todo =
    'Run fewer processes in this data centre, or set server.workerIds lower: each process takes so many.'
  if (left < wanted) return bad('worker ids', `${found}: a process more gets none`, todo)
  return left < WORKER_IDS_SPARE ? warning('worker ids', found, todo) : good('worker ids', found)
}

export function judgeSpace(
  usages: readonly { readonly tag: string; readonly usedShare: number }[],
  alertShare: number,
): Finding {
  const full = usages.filter(({ usedShare }) => usedShare > alertShare)
  const fullest = usages.reduce((most, { usedShare }) => Math.max(most, usedShare), 0)
  if (full.length === 0) return good('number space', `the fullest tag has used ${percent(fullest)} of it`)
  const sorted = full.toSorted((a, b) => b.usedShare - a.usedShare)
  const named = sorted.slice(0, TAGS_NAMED_MAX).map(({ tag, usedShare }) => `${tag} (${percent(usedShare)})`)
  const others = full.length > named.length ? ` and ${full.length - named.length} more` : ''
  const found = `${named.join(', ')}${others} of this data centre's numbers used`
  const todo = 'Make a new tag and move its callers there: nothing can be added to one that is full.'
  return fullest >= 1 ? bad('number space', found, todo) : warning('number space', found, todo)
}

export function judgeDisk(folder: string, freeBytes: number): Finding {
  const found = `${Math.floor(freeBytes / MIB)} MiB free at ${folder}`
  const todo = 'Make room: a database that cannot write grants nothing.'
  if (freeBytes < DISK_BAD_BYTES) return bad('disk', found, todo)
  return freeBytes < DISK_LOW_BYTES ? warning('disk', found, todo) : good('disk', found)
}

export function judgeThreads(threads: number, processors: number): Finding {
  const found = `${threads} for ${processors} processors`
  if (threads <= Math.max(2, processors)) return good('threads', found)
  return warning(
    'threads',
    found,
    'Set server.threads to the number of processors at most: more only wait for each other.',
  )
}

/** `deaf`: why changes of keys are not told at once; undefined: they are. As the alert IdgenKeyNewsMissing. */
export function judgeKeyNews(listens: boolean, deaf: string | undefined): Finding {
  const what = 'key news'
  if (!listens) return good(what, 'off (database.listen): the poll alone finds changes of API keys')
  if (deaf === undefined) return good(what, 'changes of API keys are told at once')
  return warning(
    what,
    `only the poll finds changes of API keys: ${deaf}`,
    'Let database.listenUrl name the server itself, past any pooler, or set database.listen to false if the poll is enough (docs/keys.md).',
  )
}

/** Percent without decimals, but never 100 for less. */
function percent(share: number): string {
  return `${Math.min(share >= 1 ? 100 : 99, Math.round(share * 100))} %`
}

const MIB = 1_048_576
/** A rolling update of a tenth of a full data centre needs so many beside those in use. */
const WORKER_IDS_SPARE = 26
/** Tags named in a line: enough to begin with. */
const TAGS_NAMED_MAX = 5
/** PostgreSQL writes 16 MiB segments of its log, several ahead. */
const DISK_BAD_BYTES = 128 * MIB
const DISK_LOW_BYTES = 1024 * MIB
