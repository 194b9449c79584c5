/**
 * RFC 3339 text and milliseconds since 1970. A Date would bring the clock with it, which nothing here may read; the
 * calendar is the proleptic Gregorian one, as everywhere in Kubernetes.
 */
const DAY_MS = 86_400_000

/** "2026-11-26T18:02:31.500Z"; milliseconds are left out when they are 0. */
export function printTimestamp(ms: number): string {
  const whole = Math.floor(ms)
  const days = Math.floor(whole / DAY_MS)
  const { year, month, day } = dateOf(days)
  const rest = whole - days * DAY_MS
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  const fraction = rest % 1000 === 0 ? '' : `.${String(rest % 1000).padStart(3, '0')}`
  const time = `${two(rest / 3_600_000)}:${two((rest / 60_000) % 60)}:${two((rest / 1000) % 60)}${fraction}`
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${time}Z`
}

/** undefined: no such time. Digits beyond milliseconds are cut off. */
export function parseTimestamp(text: string): number | undefined {
  const match =
    /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number)
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return undefined
  const days = daysTo(year, month, day)
  // The 31st of a short month would silently be a day of the next one.
  if (dateOf(days).day !== day) return undefined
  const ms = Number((match[7] ?? '0').padEnd(3, '0').slice(0, 3))
  const offset = (match[8] === '-' ? -1 : 1) * (Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0))
  return days * DAY_MS + ((hour * 60 + minute - offset) * 60 + second) * 1000 + ms
}

/** Days since 1970-01-01; years are counted from March, so that the leap day is the last of its year. */
function daysTo(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * DAYS_OF_ERA + dayOfEra - DAYS_TO_1970
}

function dateOf(days: number): { year: number; month: number; day: number } {
  const shifted = days + DAYS_TO_1970
  const era = Math.floor(shifted / DAYS_OF_ERA)
  const dayOfEra = shifted - era * DAYS_OF_ERA
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
  const day = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

/** 400 years. */
const DAYS_OF_ERA = 146_097
/** From the first of March of the year 0. */
const DAYS_TO_1970 = 719_468
