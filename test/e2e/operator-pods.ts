import { readdirSync, readFileSync } from 'node:fs'
import { OPERATOR_NAMESPACE } from './evidence.ts'
import { type KubeApi, LEASE, type Lease, POD, type Pod } from './kube-api.ts'
import { eventually } from './waiting.ts'

/** Who leads, as its Lease says: pod_uuid. "": nobody. */
export async function leader(api: KubeApi): Promise<string> {
  const lease = await api.get<Lease>(LEASE, `${OPERATOR_NAMESPACE}/idgen-operator`)
  return lease?.spec.holderIdentity ?? ''
}

export function podOf(identity: string): string {
  return identity.slice(0, identity.lastIndexOf('_'))
}

/** Ends the leader with a signal and waits for its successor; milliseconds in between. */
export async function handOver(api: KubeApi, signal: 'SIGTERM' | 'SIGKILL'): Promise<number> {
  const { found: before } = await eventually('a leader of the operators', 30, async () => {
    const identity = await leader(api)
    return identity === '' ? undefined : identity
  })
  await endOperator(api, podOf(before), signal)
  const { tookMs } = await eventually('another leader', 60, async () => {
    const identity = await leader(api)
    return identity === '' || identity === before ? undefined : identity
  })
  return tookMs
}

/**
 * SIGKILL to its process, as the kernel does when memory ends; the pod then goes at once, as with a lost node, because
 * one that is killed again and again would be started later and later.
 */
export async function endOperator(api: KubeApi, name: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const key = `${OPERATOR_NAMESPACE}/${name}`
  const pod = await api.get<Pod>(POD, key)
  if (pod === undefined) return
  if (signal === 'SIGTERM') return await api.delete(POD, key)
  for (const pid of processesOf(pod.metadata.uid)) process.kill(pid, signal)
  await api.delete(POD, key, { gracePeriodSeconds: 0 })
}

/** Processes of this machine in the control group of a pod, without the one that only holds its network. */
export function processesOf(podUid: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && read(name, 'cgroup').includes(`pod${podUid}`))
    .filter((name) => !read(name, 'cmdline').startsWith('/pause'))
    .map(Number)
}

/** "": it ended between the listing and the look. */
function read(pid: string, file: 'cgroup' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
