export interface AskedLink {
  readonly address: string
  /** undefined: it answers as it stands. */
  readonly fault: string | undefined
}

export interface AskOptions {
  /** Questions under way together. */
  readonly atOnce?: number
  /** For one answer, with where it sends to; milliseconds. */
  readonly limitMs?: number
}

/** Asks each address once. Never throws: what is wrong with one is told of it, and the others are asked. */
export async function askLinks(
  addresses: readonly string[],
  { atOnce = AT_ONCE, limitMs = LIMIT_MS }: AskOptions = {},
): Promise<AskedLink[]> {
  const asked: AskedLink[] = []
  const open = [...addresses]
  const lane = async (): Promise<void> => {
    for (let address = open.shift(); address !== undefined; address = open.shift())
      asked.push({ address, fault: await faultOf(address, limitMs) })
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return asked.sort((a, b) => addresses.indexOf(a.address) - addresses.indexOf(b.address))
}

async function faultOf(address: string, limitMs: number): Promise<string | undefined> {
  try {
    // By GET: some hosts refuse HEAD. Of the answer nothing but its head is read.
    const answer = await fetch(address, { signal: AbortSignal.timeout(limitMs) })
    await answer.body?.cancel()
    if (!answer.ok) return `answers ${answer.status}`
    return answer.redirected ? `has moved to ${answer.url}` : undefined
  } catch (thrown) {
    const { message, cause } = thrown as Error
    return cause instanceof Error ? `${message}: ${cause.message}` : message
  }
}

/** Most are of one host, which takes more for a flood. */
const AT_ONCE = 4
const LIMIT_MS = 15_000
