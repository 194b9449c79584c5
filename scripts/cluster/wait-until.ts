export interface Wait {
  /** What is waited for, as the rest of "… did not happen within 60 s". */
  readonly what: string
  readonly limitMs: number
  /** Where to look when it does not come. */
  readonly see: string
  /** Between two looks. */
  readonly everyMs?: number
  /** Gives up at once with this text: what is waited for can no longer come. */
  readonly hopeless?: () => string | undefined
}

/** Looks until `holds` says true; a look that throws counts as "not yet" and its error is told at the end. */
export async function waitUntil(holds: () => Promise<boolean> | boolean, wait: Wait): Promise<void> {
  const endMs = performance.now() + wait.limitMs
  let last = ''
  while (performance.now() < endMs) {
    try {
      if (await holds()) return
    } catch (thrown) {
      last = thrown instanceof Error ? thrown.message : String(thrown)
    }
    const hopeless = wait.hopeless?.()
    if (hopeless !== undefined) throw new Error(`${wait.what}: ${hopeless}; see ${wait.see}`)
    await new Promise((resolve) => setTimeout(resolve, wait.everyMs ?? 200))
  }
  const said = last === '' ? '' : ` (${last.trim()})`
  throw new Error(`${wait.what} did not happen within ${wait.limitMs / 1000} s${said}; see ${wait.see}`)
}
