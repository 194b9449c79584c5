import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import type { Resource } from '../../../operator/runtime/resource.ts'
import { askIds } from '../ask-ids.ts'
import { GENERATOR, NAMESPACE } from '../kube-api.ts'
import { apply, generatorManifest } from '../manifests.ts'
import { measured } from '../measured.ts'
import { probeTarget } from '../probe-target.ts'
import { PROBED_TAGS, type Stage } from '../stage.ts'
import { seconds, until } from '../waiting.ts'

const AUTOSCALER: Resource = {
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  namespaced: true,
}

/** By CPU, through the resource's own scale subresource, up under load and down without it. */
export async function autoscaling(stage: Stage): Promise<void> {
  const { api } = stage
  const image = (await api.generator()).status?.stableImage ?? ''
  const behavior = {
    // Five minutes of calm, the default, would be most of this test.
    scaleDown: { stabilizationWindowSeconds: 5, policies: [{ type: 'Pods', value: 2, periodSeconds: 5 }] },
  }
  const wishes = { minReplicas: 3, maxReplicas: 5, targetCPUUtilizationPercentage: 60, behavior }
  await stage.unnoticed(async () => {
    await apply(generatorManifest({ image, mark: stage.digest, autoscaling: wishes }))
    const replicas = async (wanted: number): Promise<boolean> => {
      const { spec, status } = await api.generator()
      return spec.replicas === wanted && status?.readyReplicas === wanted
    }
    const load = new Load(stage)
    await load.start()
    try {
      measured('HPA: under load from 3 to 5 pods', seconds(await until('5 pods', 180, () => replicas(5))))
    } finally {
      await load.stop()
    }
    measured('HPA: after the load back to 3 pods', seconds(await until('3 pods', 180, () => replicas(3))))
    await apply(generatorManifest({ image, mark: stage.digest, replicas: 3 }))
    await until('the autoscaler gone', 30, async () => {
      return (await api.get(AUTOSCALER, `${NAMESPACE}/${GENERATOR}`)) === undefined
    })
    await stage.settled()
  })
}

/** Callers without a pause. */
class Load {
  readonly #stage: Stage
  #stopping = false
  #callers: Promise<void>[] = []

  constructor(stage: Stage) {
    this.#stage = stage
  }

  async start(): Promise<void> {
    const { host, key } = await probeTarget(this.#stage.api)
    const [tag] = PROBED_TAGS
    const caller = async (): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      while (!this.#stopping) {
        const { ids } = await askIds({ origin: `http://${host}:8080`, tag, key, agent })
        for (const id of ids) this.#stage.issued.text(tag, id, 'load')
      }
      agent.destroy()
    }
    this.#callers = Array.from({ length: CALLERS }, caller)
  }

  /** @throws what a caller met: it must not fail either */
  async stop(): Promise<void> {
    this.#stopping = true
    const failed = (await Promise.allSettled(this.#callers)).filter(({ status }) => status === 'rejected')
    assert.deepEqual(failed, [])
  }
}

const CALLERS = 8
