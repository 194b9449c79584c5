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
}

export function thisMachine(): Machine {
  const processors = cpus()
  const virtualised = isVirtualised()
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    ...(virtualised === undefined ? {} : { virtualised }),
  }
}

/** Those of this process; a bench adds the servers that it starts. */
export function ownVersions(): Record<string, string> {
  return { idgen: VERSION, node: process.versions.node, v8: process.versions.v8 }
}

function isVirtualised(): boolean | undefined {
  try {
    return /^flags\s*:.*\bhypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'))
  } catch {
    // No Linux.
    return undefined
  }
}
