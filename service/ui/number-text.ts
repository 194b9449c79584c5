import type { Language } from './language.ts'

/** Numbers as people of a language write them. */
export function plainNumber(value: number, language: Language): string {
  return formatOf(language, {}).format(value)
}

/** Short where it is large: 1.2M, 120万; 1.1 quadrillion, for which English has no letter that people know. */
export function shortNumber(value: number, language: Language): string {
  if (language === 'en' && value >= QUADRILLION)
    return `${formatOf(language, { maximumFractionDigits: 1 }).format(value / QUADRILLION)} quadrillion`
  const format = formatOf(language, { notation: 'compact', maximumFractionDigits: value < 100 ? 1 : 0 })
  return value < 10_000
    ? formatOf(language, { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)
    : format.format(value)
}

/** As much of it as tells something: 0.004 %, 12 %, 80.1 %. */
export function percent(share: number, language: Language): string {
  if (share > 0 && share < LEAST_SHARE) return `< ${percent(LEAST_SHARE, language)}`
  return formatOf(language, { style: 'percent', maximumSignificantDigits: 3 }).format(share)
}

/** Seconds as milliseconds or seconds. */
export function shortDuration(seconds: number, language: Language): string {
  const inMs = seconds < 1
  const value = inMs ? seconds * 1000 : seconds
  return `${formatOf(language, { maximumSignificantDigits: 2 }).format(value)} ${inMs ? 'ms' : 's'}`
}

const QUADRILLION = 1e15
const LEAST_SHARE = 0.00001

/** Making a format costs a hundred times as much as using it. Keyed by what is in the sources, so they are few. */
const FORMATS = new Map<string, Intl.NumberFormat>()

function formatOf(language: Language, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = language + JSON.stringify(options)
  let format = FORMATS.get(key)
  if (format === undefined) FORMATS.set(key, (format = new Intl.NumberFormat(language, options)))
  return format
}
