import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { recordedDaemons } from './daemon.ts'
import { endPods, killLeftovers } from './end-pods.ts'
import { removeKubeChains } from './kube-chains.ts'
import { FOLDER } from './layout.ts'
import { removeNetwork } from './node-network.ts'
import { step } from './progress.ts'
import { runCommand } from './run-command.ts'

/** Takes away all that a start made, also one that broke off half way. */
export async function stopNode(): Promise<void> {
  await step('ending the pods', endPods)
  await step('ending containerd, kube-apiserver, etcd and the others', async () => {
    await Promise.all(recordedDaemons().map((daemon) => daemon.stop(END_MS)))
    killLeftovers()
  })
  await step('removing mounts, control groups, network rules and files', async () => {
    const mounts = mountsBelow(readFileSync('/proc/self/mounts', 'utf8'), FOLDER)
    for (const path of mounts) await runCommand('umount', ['--lazy', path]).catch(() => '')
    removeControlGroups()
    await removeKubeChains()
    await removeNetwork()
    removeStrayLinks('/var/log/containers')
    await rm('/var/lib/kubelet/device-plugins/kubelet.sock', { force: true })
    for (const folder of FIXED_FOLDERS) removeEmpty(folder)
    await rm(FOLDER, { recursive: true, force: true })
  })
}

/** Then by force: kube-apiserver would wait ten seconds for open watches, and nothing that they hold is kept. */
const END_MS = 2000

/** The deepest first. Blanks in names are written \040. */
export function mountsBelow(mounts: string, folder: string): string[] {
  return mounts
    .split('\n')
    .map((line) => (line.split(' ')[1] ?? '').replaceAll('\\040', ' '))
    .filter((path) => path.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)
}

/** kubelet's, of the first kind (one tree for each controller) and of the second (one tree). */
function removeControlGroups(): void {
  const root = '/sys/fs/cgroup'
  for (const tree of ['', ...readdirSync(root)]) removeGroup(join(root, tree, 'kubepods'))
}

/** containerd and kubelet make them there, whatever they are told. Those of another containerd are not empty. */
const FIXED_FOLDERS = [
  '/run/containerd/s',
  '/run/containerd',
  '/var/lib/cni/results',
  '/var/lib/cni',
  '/var/lib/kubelet/device-plugins',
  '/var/lib/kubelet',
  '/var/log/containers',
]

/** A group is a folder that only goes when it holds no other and no process; its files go with it. */
function removeGroup(folder: string): void {
  if (!existsSync(folder)) return
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroup(join(folder, entry.name))
  removeEmpty(folder)
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // Not there, or not empty: somebody else's, or of a process that still ends. An empty rest harms nobody.
  }
}

/** kubelet links every log there, wherever the logs lie themselves. */
function removeStrayLinks(folder: string): void {
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (lstatSync(path).isSymbolicLink() && readlinkSync(path).startsWith(FOLDER)) rmSync(path)
  }
}
