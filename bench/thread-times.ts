import { readdir, readFile } from 'node:fs/promises'

/** Processor time of every thread of a process since it began, in nanoseconds, from the kernel (Linux). */
export type ThreadTimes = ReadonlyMap<string, number>

export async function threadTimes(pid: number): Promise<ThreadTimes> {
  const threads = await readdir(`/proc/${pid}/task`)
  const times = await Promise.all(
    threads.map(async (thread): Promise<[string, number]> => {
      try {
        const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')
        return [thread, Number(text.split(' ')[0])]
      } catch {
        // It ended meanwhile.
        return [thread, 0]
      }
    }),
  )
  return new Map(times)
}

/** What all threads of a process ran so far. */
export async function processMicros(pid: number): Promise<number> {
  return [...(await threadTimes(pid)).values()].reduce((sum, ns) => sum + ns, 0) / 1000
}

/** Shares of one processor between two moments. */
export interface ThreadShares {
  readonly process: number
  readonly main: number
  /** The busiest others, as many as were asked for: those that answer, because compiler and collector use less. */
  readonly answering: readonly number[]
}

export function sharesBetween(
  before: ThreadTimes,
  after: ThreadTimes,
  { pid, ms, answering }: { readonly pid: number; readonly ms: number; readonly answering: number },
): ThreadShares {
  const used = [...after].map(([thread, ns]): [string, number] => [
    thread,
    (ns - (before.get(thread) ?? 0)) / 1e6 / ms,
  ])
  const others = used.filter(([thread]) => thread !== String(pid)).map(([, share]) => share)
  return {
    process: used.reduce((sum, [, share]) => sum + share, 0),
    main: used.find(([thread]) => thread === String(pid))?.[1] ?? 0,
    answering: others.toSorted((a, b) => b - a).slice(0, answering),
  }
}

/** Of memory, what is resident now; MB. */
export async function residentMb(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1]) / 1000
}
