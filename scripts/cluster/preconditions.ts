import { readFileSync } from 'node:fs'

export interface Machine {
  readonly platform: string
  readonly userId: number
  /** As /proc/filesystems lists them. */
  readonly fileSystems: string
}

export function thisMachine(): Machine {
  const { platform } = process
  const fileSystems = platform === 'linux' ? readFileSync('/proc/filesystems', 'utf8') : ''
  return { platform, userId: process.getuid?.() ?? -1, fileSystems }
}

/** Why no cluster can be started here; undefined: it can. */
export function whyNot({ platform, userId, fileSystems }: Machine): string | undefined {
  if (platform !== 'linux') return `a node needs Linux, and this is ${platform}; ${OTHER_WAY}`
  if (userId !== 0) return `a node needs root, and this is user ${userId}: use sudo, or ${OTHER_WAY}`
  if (!/\boverlay\b/.test(fileSystems))
    return `containers need overlayfs, which this kernel lacks; ${OTHER_WAY}`
  return undefined
}

const OTHER_WAY =
  'set KUBECONFIG to install into a cluster that you have, and IMAGE to an image of idgen that it can pull'
