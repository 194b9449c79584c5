import type { FoundRecord } from '../ports/audit-query.ts'

/** A time in which a tag was issued by another algorithm than its first, in one process. */
export interface DegradedTime {
  readonly tag: string
  readonly fromMs: number
  /** undefined: it still is. */
  readonly untilMs?: number
  /** The algorithm that issued. */
  readonly to: string
}

/** What is known of a tag in a process after a record of it. */
interface Move {
  readonly tag: string
  /** Of the process: its chain in the audit log. */
  readonly chain: string
  readonly fromMs: number
  readonly to: string
  readonly isDegraded: boolean
}

/**
 * Pairs each going over with the coming back after it, for each process by itself: each has its own view of the stores, and one that
 * came back says nothing of the others. A tag that came back without having gone over did so before `fromMs`, where records begin.
 * @param newest newest first
 * @param closed when a process ended, by its chain: what was degraded in it was so until then. One that was killed has no end here.
 */
export function degradedTimes(
  newest: readonly FoundRecord[],
  fromMs: number,
  closed: ReadonlyMap<string, number>,
): DegradedTime[] {
  const moves = new Map<string, Move>()
  const times: DegradedTime[] = []
  for (const record of newest.toReversed()) {
    const { action, subject: tag, detail } = record
    const [chain, atMs] = [chainOf(record), record.at.getTime()]
    const place = JSON.stringify([chain, tag])
    const before = moves.get(place)
    const isDegraded = action === 'algorithm.degrade'
    // Down another step: a bar of its own. Back twice: the first time not all the way.
    if (before?.isDegraded === true) times.push(timeOf(before, atMs))
    else if (!isDegraded)
      times.push({ tag, fromMs: before?.fromMs ?? fromMs, untilMs: atMs, to: detailText(detail['from']) })
    moves.set(place, { tag, chain, fromMs: atMs, to: detailText(detail['to']), isDegraded })
  }
  for (const move of moves.values()) if (move.isDegraded) times.push(timeOf(move, closed.get(move.chain)))
  return times
}

function timeOf({ tag, fromMs, to }: Move, untilMs: number | undefined): DegradedTime {
  return { tag, fromMs, to, ...(untilMs !== undefined && { untilMs }) }
}

/** Records of before there were chains are taken as those of one process. */
function chainOf({ link }: FoundRecord): string {
  return link !== undefined && 'chain' in link && typeof link.chain === 'string' ? link.chain : ''
}

/** Of the detail of a record, which may be of any release. */
export function detailText(value: unknown): string {
  return typeof value === 'string' ? value : '–'
}
