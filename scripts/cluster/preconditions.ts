import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs'

export interface Machine {
  readonly platform: string
  readonly userId: number
  /** As /proc/filesystems lists them. */
  readonly fileSystems: string
  /** What is refused even to root, as in a container with fewer rights: it says so. undefined: nothing. */
  readonly refused: string | undefined
}

export function thisMachine(): Machine {
  const { platform } = process
  const fileSystems = platform === 'linux' ? readFileSync('/proc/filesystems', 'utf8') : ''
  const userId = process.getuid?.() ?? -1
  return { platform, userId, fileSystems, refused: userId === 0 ? refusedToRoot() : undefined }
}

/** Tried, not looked up: what a sandbox forbids stands in no file. */
function refusedToRoot(): string | undefined {
  const own = spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', 'true'], { timeout: 5000 })
  if (own.status !== 0) return 'no namespaces of its own may be made here'
  const memory = '/sys/fs/cgroup/memory'
  const probe = `${existsSync(memory) ? memory : '/sys/fs/cgroup'}/idgen-${process.pid}`
  try {
    mkdirSync(probe)
    rmdirSync(probe)
    return undefined
  } catch {
    return `no control group may be made here (${probe})`
  }
}

/** Why no cluster can be started here; undefined: it can. */
export function whyNot({ platform, userId, fileSystems, refused }: Machine): string | undefined {
  if (platform !== 'linux') return `a node needs Linux, and this is ${platform}; ${OTHER_WAY}`
  if (userId !== 0) return `a node needs root, and this is user ${userId}: use sudo, or ${OTHER_WAY}`
  if (!/\boverlay\b/.test(fileSystems))
    return `containers need overlayfs, which this kernel lacks; ${OTHER_WAY}`
  if (refused !== undefined) return `${refused}, and a node needs that; ${OTHER_WAY}`
  return undefined
}

const OTHER_WAY =
  'set KUBECONFIG to install into a cluster that you have, and IMAGE to an image of idgen that it can pull'
