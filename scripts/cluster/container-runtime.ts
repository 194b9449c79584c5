import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Daemon } from './daemon.ts'
import { CONTAINERD_SOCKET, configFile, FOLDER, logFile } from './layout.ts'
import { CNI_CONFIGS } from './node-network.ts'
import { folderOf, program } from './programs.ts'
import { runCommand } from './run-command.ts'
import { waitUntil } from './wait-until.ts'

export const PAUSE_IMAGE = 'idgen.test/pause:1'

export const CONTAINERD_ROOT = join(FOLDER, 'containerd')

export async function startContainerd(): Promise<void> {
  for (const folder of ['run', 'config']) mkdirSync(join(FOLDER, folder), { recursive: true })
  writeFileSync(configFile('containerd.toml'), containerdConfig())
  const containerd = new Daemon('containerd')
  // The shim outlives containerd and is found on the PATH.
  const path = `${folderOf('containerd')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`
  containerd.start(program('containerd'), ['--config', configFile('containerd.toml')], { PATH: path })
  await waitUntil(async () => (await ctr(['version'])) !== '', {
    what: 'an answer of containerd',
    limitMs: 60_000,
    see: logFile('containerd'),
    hopeless: () => (containerd.running ? undefined : 'it ended'),
  })
}

export function ctr(args: readonly string[]): Promise<string> {
  return runCommand(program('ctr'), ['--address', CONTAINERD_SOCKET, '--namespace', 'k8s.io', ...args])
}

function containerdConfig(): string {
  return `version = 3
root = "${CONTAINERD_ROOT}"
state = "${join(FOLDER, 'run/containerd')}"
# It would make a folder in /opt.
disabled_plugins = ["io.containerd.internal.v1.opt"]

[grpc]
  address = "${CONTAINERD_SOCKET}"

[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "${PAUSE_IMAGE}"

[plugins."io.containerd.cri.v1.runtime"]
  # Machines that may not lower oom_score_adj (containers, sandboxes) could start no pod otherwise.
  restrict_oom_score_adj = true
  enable_unprivileged_ports = false
  enable_unprivileged_icmp = false
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["/usr/lib/cni"]
  conf_dir = "${CNI_CONFIGS}"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  SystemdCgroup = false
  Root = "${join(FOLDER, 'run/runc')}"
`
}
