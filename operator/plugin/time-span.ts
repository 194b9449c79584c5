import { parseTimestamp } from '../core/timestamp.ts'

/** For people, the two largest units: "23h 12m", "2d 4h", "45s". Rounded down; never negative. */
export function timeSpan(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const
  const first = units.findIndex(([, size]) => ms >= size)
  if (first < 0) return '0s'
  let rest = ms
  return units
    .slice(first, first + 2)
    .map(([unit, size]) => {
      const count = Math.floor(rest / size)
      rest -= count * size
      return `${count}${unit}`
    })
    .filter((text, at) => at === 0 || !text.startsWith('0'))
    .join(' ')
}

/** "12m ago"; "" where nobody said when. */
export function ago(timestamp: string | undefined, nowMs: number): string {
  const atMs = timestamp === undefined ? undefined : parseTimestamp(timestamp)
  if (atMs === undefined) return ''
  // Clocks of two machines are never quite the same.
  return nowMs - atMs < 2000 ? 'just now' : `${timeSpan(nowMs - atMs)} ago`
}

/** "2026-11-27 10:00 UTC" */
export function pointInTime(timestamp: string): string {
  return `${timestamp.slice(0, 16).replace('T', ' ')} UTC`
}
