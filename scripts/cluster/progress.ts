const STARTED_MS = performance.now()

/** A line with the seconds since the start: what takes long must not look like what hangs. */
export function say(text: string): void {
  const seconds = ((performance.now() - STARTED_MS) / 1000).toFixed(0).padStart(4)
  console.log(`${seconds} s  ${text}`)
}

/** Says what begins, and what failed when it does not end well. */
export async function step<T>(text: string, work: () => Promise<T> | T): Promise<T> {
  say(`${text} ...`)
  try {
    return await work()
  } catch (thrown) {
    say(`${text}: failed`)
    throw thrown
  }
}
