import { readFileSync } from 'node:fs'

/**
 * Whether a process with this id runs here. EPERM means that it does and belongs to somebody else. A process that
 * has ended and waits to be collected by its parent (a server that outlived idgen has the init process, which may
 * take seconds or, in a container, never do it) does not run.
 */
export function processAlive(pid: number): boolean {
  return processListed(pid) && !isZombie(pid)
}

/** Alive, or ended and not collected yet: what other programs take for alive. */
export function processListed(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** proc(5): `pid (name) state …`; the name may hold anything, so the state is looked for behind its last bracket. */
function isZombie(pid: number): boolean {
  if (process.platform !== 'linux') return false
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.charAt(stat.lastIndexOf(')') + 2) === 'Z'
  } catch {
    return false
  }
}
