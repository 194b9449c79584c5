import assert from 'node:assert/strict'
import { isStatus } from '../../../operator/runtime/kube-client.ts'
import { objectPath } from '../../../operator/runtime/resource.ts'
import { rolledOut } from '../../../scripts/cluster/apply-manifest.ts'
import { restartKubelet } from '../../../scripts/cluster/cluster.ts'
import { say } from '../../../scripts/cluster/progress.ts'
import { OPERATOR_NAMESPACE } from '../evidence.ts'
import { FORM } from '../form.ts'
import { type KubeApi, NAMESPACE, POD, type Pod } from '../kube-api.ts'
import { measured } from '../measured.ts'
import { handOver, processesOf } from '../operator-pods.ts'
import { probeTarget } from '../probe-target.ts'
import { Prober } from '../prober.ts'
import { PROBED_TAGS, type Stage } from '../stage.ts'
import { p95, seconds, until } from '../waiting.ts'

/** Another operator leads soon, whichever way the first one went. */
export async function leaderHandOver({ api }: Stage): Promise<void> {
  const rounds = FORM === 'short' ? 1 : 3
  for (const [signal, bar] of [
    ['SIGTERM', 3],
    ['SIGKILL', 20],
  ] as const) {
    const took: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      await rolledOut(OPERATOR_NAMESPACE, ['deployment/idgen-operator'])
      took.push(await handOver(api, signal))
    }
    const worst = Math.max(...took)
    measured(`operator: new leader after ${signal}, worst of ${rounds}`, seconds(worst), `${bar} s`)
    assert.ok(worst < bar * 1000, `${signal}: ${worst} ms`)
  }
  await rolledOut(OPERATOR_NAMESPACE, ['deployment/idgen-operator'])
}

/** One after the other through the eviction API, as `kubectl drain` does; the budget says when. */
export async function everyPodEvicted(stage: Stage): Promise<void> {
  const { api } = stage
  await stage.settled()
  const pods = await api.readyPods()
  assert.equal(pods.length, 3)
  let refused = 0
  const took: number[] = []
  await stage.unnoticed(async () => {
    for (const { metadata } of pods) {
      took.push(
        await until(`${metadata.name} evicted`, 120, async () => {
          const gone = await evicted(api, metadata.name)
          if (!gone) refused += 1
          return gone
        }),
      )
    }
    await stage.settled()
  })
  say(`    the budget refused ${refused} times`)
  assert.ok(refused > 0, 'the budget held back the next eviction until the last pod was replaced')
  measured('eviction of each pod in turn, the longest wait for the budget', seconds(p95(took)))
  const left = new Set((await api.pods()).map(({ metadata }) => metadata.uid))
  assert.deepEqual(
    pods.filter(({ metadata }) => left.has(metadata.uid)),
    [],
  )
}

/** false: the budget does not permit it now. */
async function evicted(api: KubeApi, name: string): Promise<boolean> {
  const path = `${objectPath(POD, `${NAMESPACE}/${name}`)}/eviction`
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: NAMESPACE } }
  try {
    await api.client.send({ method: 'POST', path, body })
    return true
  } catch (thrown) {
    if (isStatus(thrown, 429)) return false
    throw thrown
  }
}

/**
 * The counter-check of all that nobody noticed: whose pods all get SIGKILL at once must notice, or the prober is blind.
 * No ID is given twice even so. After the count of failures, in which these have no place.
 */
export async function everyPodKilled(stage: Stage): Promise<void> {
  const { api, issued } = stage
  const prober = new Prober(issued, PROBED_TAGS)
  prober.start(await probeTarget(api))
  try {
    const asked = prober.mark()
    await until('every caller was answered', 30, () => Promise.resolve(asked().answered >= 100))
    assert.deepEqual(asked().failures, [], 'before the kill')
    const pods = await api.readyPods()
    for (const { metadata } of pods) for (const pid of processesOf(metadata.uid)) process.kill(pid, 'SIGKILL')
    const tookMs = await until('failures are told', 30, () => Promise.resolve(asked().failures.length > 0))
    await stage.settled()
    const answered = prober.mark()
    await until('every caller is answered again', 60, () => Promise.resolve(answered().answered >= 100))
    const { failures } = asked()
    const codes = [...new Set(failures.map(({ code }) => code))].toSorted()
    measured('all pods killed at once: questions that failed', `${failures.length} (${codes.join(', ')})`)
    say(`    the first after ${Math.round(tookMs)} ms`)
  } finally {
    await prober.stop()
  }
  issued.verify()
}

export async function kubeletRestarts(stage: Stage): Promise<void> {
  await stage.settled()
  await until('no pod is young', 60, async () => (await youngestMs(stage.api)) > YOUNG_MS)
  const before = await runs(stage.api)
  await stage.unnoticed(async () => {
    await restartKubelet()
    await stage.settled()
  })
  assert.deepEqual(await runs(stage.api), before, 'no pod was made anew or started again')
}

async function youngestMs(api: KubeApi): Promise<number> {
  const pods: readonly Pod[] = await api.readyPods()
  const started = pods.map(({ status }) => status.containerStatuses?.[0]?.state?.running?.startedAt)
  return Date.now() - Math.max(...started.map((at) => (at === undefined ? Date.now() : Date.parse(at))))
}

/**
 * A kubelet takes containers that were started less than 10 s before itself for not ready until it has probed them
 * (Kubernetes 1.36, pkg/kubelet/prober, kubeletRestartGracePeriod): on a single node no pod would be left.
 */
const YOUNG_MS = 15_000

/** Each pod with how often it was started. */
async function runs(api: KubeApi): Promise<string[]> {
  const pods: readonly Pod[] = await api.pods()
  return pods
    .map(({ metadata, status }) => `${metadata.name} ${status.containerStatuses?.[0]?.restartCount ?? 0}`)
    .toSorted()
}
