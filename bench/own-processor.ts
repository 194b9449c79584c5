import type { ChildProcess } from 'node:child_process'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/**
 * Servers on one processor and the load generator, which never sleeps, on another: left to itself the kernel wakes a server where its
 * client runs, and then a latency of milliseconds says how long a slice of its scheduler is.
 *
 * @returns the condition to say with the figures
 */
export async function apart(servers: readonly ChildProcess[], load: ChildProcess): Promise<string> {
  try {
    await keepOn(1, load.pid)
    for (const { pid } of servers) await keepOn(0, pid)
    return 'In the open loop the servers share one processor and the load generator has the other to itself (taskset).'
  } catch {
    // No Linux, no util-linux, or one processor.
    return 'In the open loop the kernel places servers and load generator (there is no taskset, or only one processor).'
  }
}

const run = promisify(execFile)

async function keepOn(processor: number, pid: number | undefined): Promise<void> {
  await run('taskset', ['--all-tasks', '--cpu-list', '--pid', String(processor), String(pid)])
}
