const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const

/** A year: anything longer is taken for a mistake, and times would leave what text can hold. */
const LONGEST_MS = 366 * 24 * UNITS.h

/** Milliseconds of a length of time as Go and Kubernetes write it: "24h", "1h30m", "1.5s", "200ms". */
export function parseDuration(text: string): number {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text))
    throw new Error(`"${text}" is no length of time; write it like 24h, 1h30m or 30s (units h, m, s, ms)`)
  let ms = 0
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    ms += Number(number) * UNITS[unit as keyof typeof UNITS]
  if (ms > LONGEST_MS) throw new Error(`"${text}" is longer than a year; give at most 8784h`)
  return Math.round(ms)
}

/** The shortest text that parseDuration reads as the same: "1h30m", "24h", "0s". */
export function printDuration(ms: number): string {
  let rest = Math.max(0, Math.round(ms))
  let text = ''
  for (const unit of ['h', 'm', 's', 'ms'] as const) {
    const count = Math.floor(rest / UNITS[unit])
    rest -= count * UNITS[unit]
    if (count > 0) text += `${count}${unit}`
  }
  return text || '0s'
}

/** For people: whole seconds, and of long times the two largest units ("23h59m", "4m30s"). */
export function roughDuration(ms: number): string {
  const precision = ms >= UNITS.h ? UNITS.m : UNITS.s
  return printDuration(Math.ceil(ms / precision) * precision)
}
