import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { VERSION } from '../service/version.ts'

/** Where a figure was measured: without it a rate says nothing. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly kernel: string
  /** undefined: the system does not say. */
  readonly virtualised?: boolean
  /** Nice value of the session's group of processes, -20 to 19, where it is not 0: how others shared the processors counts too. */
  readonly sessionNice?: number
}

export function thisMachine(): Machine {
  const processors = cpus()
  const virtualised = isVirtualised()
  const nice = sessionNice()
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    ...(virtualised === undefined ? {} : { virtualised }),
    ...(nice === 0 ? {} : { sessionNice: nice }),
  }
}

/** Those of this process; a bench adds the servers that it starts. */
export function ownVersions(): Record<string, string> {
  return { idgen: VERSION, node: process.versions.node, v8: process.versions.v8 }
}

/** "/autogroup-17 nice -20" (Linux, sched(7)); 0 where there are no such groups. */
function sessionNice(): number {
  try {
    return Number(/nice (-?\d+)/.exec(readFileSync('/proc/self/autogroup', 'utf8'))?.[1] ?? 0)
  } catch {
    // No Linux, or a kernel without them.
    return 0
  }
}

function isVirtualised(): boolean | undefined {
  try {
    return /^flags\s*:.*\bhypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'))
  } catch {
    // No Linux.
    return undefined
  }
}
