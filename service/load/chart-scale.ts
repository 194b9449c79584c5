/** Where values lie on an axis of a chart, and which of them are written beside it. */
export interface Scale {
  /** From 0 to the length of the axis; values beyond lie on its ends. */
  place(value: number): number
  readonly ticks: readonly number[]
}

/** From `least` to at least `most`, or to `most` exactly: ticks 1, 2 or 5 times a power of ten apart. */
export function linearScale(
  least: number,
  most: number,
  length: number,
  ending: 'tick' | 'exact' = 'tick',
): Scale {
  const step = niceStep((most - least) / TICKS_MAX)
  // A hair less, so that 0.3 / 0.1 is three steps.
  const end = ending === 'exact' ? most : least + Math.ceil((most - least) / step - HAIR) * step
  const count = Math.floor((end - least) / step + HAIR)
  const ticks = Array.from({ length: count + 1 }, (_, i) => Number((least + i * step).toPrecision(12)))
  return { ticks, place: (value) => clamp(((value - least) / (end - least)) * length, length) }
}

/** From the power of ten below `least` to the one above `most`. */
export function logScale(least: number, most: number, length: number): Scale {
  const from = Math.floor(Math.log10(least))
  const to = Math.max(from + 1, Math.ceil(Math.log10(most)))
  const ticks = Array.from({ length: to - from + 1 }, (_, i) => Number((10 ** (from + i)).toPrecision(1)))
  const place = (value: number): number =>
    value <= 0 ? 0 : clamp(((Math.log10(value) - from) / (to - from)) * length, length)
  return { ticks, place }
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough))
  const factor = [1, 2, 5, 10].find((one) => one * power >= rough) ?? 10
  return factor * power
}

function clamp(place: number, length: number): number {
  return Math.min(length, Math.max(0, place))
}

const TICKS_MAX = 6
const HAIR = 1e-9
