import { waitUntil } from '../../scripts/cluster/wait-until.ts'

/** Waits until `look` gives something; resolves with it and with the milliseconds that it took. */
export async function eventually<T>(
  what: string,
  limitS: number,
  look: () => Promise<T | undefined> | T | undefined,
  everyMs = 100,
): Promise<{ readonly found: T; readonly tookMs: number }> {
  const startMs = performance.now()
  let found: T | undefined
  const lookOnce = async (): Promise<boolean> => {
    found = await look()
    return found !== undefined
  }
  await waitUntil(lookOnce, { what, limitMs: limitS * 1000, everyMs, see: 'the evidence named below' })
  if (found === undefined) throw new Error(`${what}: gone again`)
  return { found, tookMs: performance.now() - startMs }
}

/** Waits until `holds` says true; resolves with the milliseconds that it took. */
export async function until(
  what: string,
  limitS: number,
  holds: () => Promise<boolean>,
  everyMs?: number,
): Promise<number> {
  const look = async (): Promise<true | undefined> => ((await holds()) ? true : undefined)
  const { tookMs } = await eventually(what, limitS, look, everyMs)
  return tookMs
}

/** The value that 95 of 100 do not exceed. */
export function p95(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * 0.95) - 1)] ?? 0
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
