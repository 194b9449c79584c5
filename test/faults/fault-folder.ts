import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { chmod, mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processAlive } from '../../service/adapters/embedded/process-alive.ts'

/**
 * What is to be done in the end, in reverse order. (The `after` hooks of a test run in the order they were given in,
 * and one that fails keeps the others from running.)
 */
export interface Cleanup {
  after(fn: () => unknown): void
}

/**
 * A folder of this test, removed after it whatever became of it. What killed runs left behind goes too: their servers
 * ended with them (test/fixtures/bound-child.ts), their folders and mounts did not.
 */
export async function faultFolder(t: Cleanup): Promise<string> {
  const parent = await realpath(tmpdir())
  await removeLeftovers(parent)
  const folder = await mkdtemp(join(parent, `${PREFIX}${process.pid}-`))
  // mkdtemp makes it 0700; as root the database runs as another user, who must pass through.
  await chmod(folder, 0o711)
  const removeAtExit = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', removeAtExit)
  t.after(async () => {
    process.removeListener('exit', removeAtExit)
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  })
  return folder
}

/**
 * A small file system of its own, so that it can be filled; false where this process may not mount one. Called before
 * the server is started, so that it is unmounted last.
 */
export function smallDisk(t: Cleanup, folder: string, megabytes: number): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0711`, 'tmpfs', folder], {
      stdio: 'ignore',
    })
  } catch {
    return false
  }
  const release = (): void => unmount(folder)
  process.once('exit', release)
  t.after(() => {
    process.removeListener('exit', release)
    release()
  })
  return true
}

function unmount(folder: string): void {
  try {
    // Lazy: a server that is just ending may still have a file open.
    execFileSync('umount', ['-l', folder], { stdio: 'ignore' })
  } catch {
    // It was not mounted.
  }
}

async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-')[0]) : Number.NaN
    if (!Number.isInteger(pid) || processAlive(pid)) continue
    for (const inside of await readdir(join(parent, name)).catch(() => []))
      unmount(join(parent, name, inside))
    await rm(join(parent, name), { recursive: true, force: true })
  }
}

const PREFIX = 'idgen-faults-'
