import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CONTAINERD_ROOT, ctr, startContainerd } from './container-runtime.ts'
import { Daemon } from './daemon.ts'
import { kubectl } from './kubectl.ts'
import { CONTAINERD_SOCKET, KUBECONFIG_FILE } from './layout.ts'
import { runCommand } from './run-command.ts'

/** Ends all pods: by kubelet, which also gives their addresses and port rules back, then by force what is left. */
export async function endPods(): Promise<void> {
  // Nothing makes new ones.
  for (const name of ['kube-controller-manager', 'kube-scheduler']) await new Daemon(name).stop()
  if (new Daemon('kubelet').running && new Daemon('kube-apiserver').running) await deletePods()
  await new Daemon('kubelet').stop()
  if (!existsSync(CONTAINERD_ROOT)) return
  // Its shims outlive it: without it nobody could tell which processes are theirs.
  await startContainerd()
  await killContainers()
}

async function deletePods(): Promise<void> {
  const args = [
    'delete',
    'pods',
    '--all',
    '--all-namespaces',
    '--grace-period=1',
    `--timeout=${DELETE_SECONDS}s`,
  ]
  const limitMs = (DELETE_SECONDS + 5) * 1000
  await kubectl(args, { limitMs, env: { KUBECONFIG: KUBECONFIG_FILE } }).catch(() => '')
}

async function killContainers(): Promise<void> {
  const tasks = await listed('tasks')
  for (const task of tasks) await ctr(['tasks', 'delete', '--force', task]).catch(() => '')
  for (const container of await listed('containers')) {
    const info = await ctr(['containers', 'info', container]).catch(() => '')
    await ctr(['containers', 'delete', container]).catch(() => '')
    for (const path of networkNamespaces(info)) {
      await runCommand('umount', ['--lazy', path]).catch(() => '')
      await rm(path, { force: true })
    }
  }
}

async function listed(kind: 'tasks' | 'containers'): Promise<string[]> {
  return (await ctr([kind, 'list', '--quiet'])).split('\n').filter((id) => id !== '')
}

/**
 * For what containerd does not know any more, after it was killed or could not be started: the processes in the pods'
 * control groups, and the shims, which are told from those of another containerd by the address they were given.
 */
export function killLeftovers(): void {
  for (const pid of processesInGroups()) kill(pid)
  for (const name of readdirSync('/proc')) if (isOwnShim(name)) kill(Number(name))
}

function processesInGroups(): number[] {
  const root = '/sys/fs/cgroup'
  const trees = ['', ...readdirSync(root)]
    .map((tree) => join(root, tree, 'kubepods'))
    .filter((path) => existsSync(path))
  return trees.flatMap((tree) =>
    readdirSync(tree, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('cgroup.procs'))
      .flatMap((path) => readFileSync(join(tree, path), 'utf8').split('\n'))
      .map(Number)
      .filter((pid) => pid > 1),
  )
}

function isOwnShim(name: string): boolean {
  if (!/^\d+$/.test(name)) return false
  try {
    const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')
    return (words[0] ?? '').endsWith('containerd-shim-runc-v2') && words.includes(CONTAINERD_SOCKET)
  } catch {
    // It ended between the listing and the look.
    return false
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}

/** The files by which a container's network is held, from what `ctr containers info` prints. */
export function networkNamespaces(info: string): string[] {
  return [
    ...new Set([...info.matchAll(/"path": "([^"]*\/netns\/cni-[^"]+)"/g)].map(([, path]) => path ?? '')),
  ]
}

/** A pod gets a second to end; unmounting its volumes takes longer. */
const DELETE_SECONDS = 60
