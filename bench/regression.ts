/**
 * What `--check` fails on: a ratio more than a fifth above its bar. Other work on the machine adds to a ratio, also to the
 * best of three: less is noise, more is a regression. Whether the bars themselves are met says docs/performance.md.
 */
export function isRegression(ratio: number, bar: number): boolean {
  return !(ratio <= bar * NOISE)
}

const NOISE = 1.2
