import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CHECKOUT } from './layout.ts'
import { runCommand } from './run-command.ts'
import { isForeign } from './target.ts'

const INSTALLER = join(CHECKOUT, 'scripts/install-kubernetes.sh')

/** The path of a program in the version pinned in programs/. */
export function program(name: string): string {
  return installed('--pinned', name)
}

/** The pinned version fits the cluster that is started here; for another one, the user's own does where it is there. */
export function clientProgram(name: 'helm' | 'kubectl'): string {
  return installed(isForeign() ? '--print' : '--pinned', name)
}

function installed(option: '--pinned' | '--print', name: string): string {
  const found = spawnSync(INSTALLER, [option, name], { encoding: 'utf8' })
  if (found.status !== 0) throw new Error(found.stderr.trim())
  return found.stdout.trim()
}

/** containerd looks for its shim there. */
export function folderOf(name: string): string {
  return dirname(program(name))
}

export function etcdProgram(): string {
  const built = join(CHECKOUT, '.cache/servers/etcd')
  const etcd = process.env['IDGEN_TEST_ETCD'] ?? built
  if (!existsSync(etcd)) throw new Error(`etcd is missing (${etcd}): run scripts/install-servers.sh`)
  return etcd
}

/** Debian packages whose files are missing: a name, and a file of each. */
const PACKAGES: Readonly<Record<string, string>> = {
  runc: '/usr/sbin/runc',
  'containernetworking-plugins': '/usr/lib/cni/bridge',
  iproute2: '/usr/bin/ip',
  iptables: '/usr/sbin/iptables',
  conntrack: '/usr/sbin/conntrack',
  ethtool: '/usr/sbin/ethtool',
  socat: '/usr/bin/socat',
  'busybox-static': '/usr/bin/busybox',
  'redis-server': '/usr/bin/redis-server',
  openssl: '/usr/bin/openssl',
  gcc: '/usr/bin/gcc',
}

export async function installPackages(): Promise<void> {
  const missing = Object.entries(PACKAGES)
    .filter(([, file]) => !existsSync(file) && !existsSync(file.replace(/^\/usr/, '')))
    .map(([name]) => name)
  if (missing.length === 0) return
  if (!existsSync('/usr/bin/apt-get'))
    throw new Error(`missing: ${missing.join(', ')} (the names of Debian's packages): install them`)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const install = ['install', '--yes', '--no-install-recommends', ...missing]
  await runCommand('apt-get', install, { env }).catch(async () => {
    // An old list of packages names files that are gone.
    await runCommand('apt-get', ['update'], { env })
    await runCommand('apt-get', install, { env })
  })
}
