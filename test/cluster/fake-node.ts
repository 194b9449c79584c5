import { SystemClock } from '../../operator/runtime/clock.ts'
import type { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import { isStatus } from '../../operator/runtime/kube-client.ts'
import { Reflector } from '../../operator/runtime/reflector.ts'
import { type KubeObject, objectKey, objectPath } from '../../operator/runtime/resource.ts'

export interface FakePod extends KubeObject {
  readonly spec: {
    readonly nodeName?: string
    readonly containers: readonly { readonly name: string; readonly image: string }[]
  }
  readonly status?: { readonly phase?: string; readonly podIP?: string }
}

/** What becomes of a pod: it serves, its container ends again and again, it never starts, or it does its work and ends. */
export type Fate = 'ready' | 'crashes' | 'starts' | 'succeeds' | 'fails'

const PODS = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true } as const
const NODE = 'fake-node'

/**
 * A scheduler, a kubelet and containers in a few lines: pods are bound, and told to be what the test says. Programs run
 * in none of them. Several tests at a time each see to the pods of their own namespaces.
 */
export class FakeNode {
  /** Asked whenever a pod changes. */
  fates: (pod: FakePod) => Fate = () => 'ready'
  readonly #client: HttpKubeClient
  readonly #reflector: Reflector<FakePod>
  readonly #ips: (pod: FakePod) => string
  readonly #failures: string[] = []
  readonly #told = new Map<string, Fate>()

  private constructor(client: HttpKubeClient, namespace: string, ips: (pod: FakePod) => string) {
    this.#client = client
    this.#ips = ips
    this.#reflector = new Reflector<FakePod>({
      client,
      clock: new SystemClock(),
      random: Math.random,
      resource: PODS,
      namespace,
      onChange: ({ type, object }) => {
        if (type !== 'deleted') void this.#see(object)
      },
    })
  }

  static async start(
    client: HttpKubeClient,
    namespace: string,
    ips: (pod: FakePod) => string = () => '127.0.0.1',
  ): Promise<FakeNode> {
    try {
      await client.send({
        method: 'POST',
        path: '/api/v1/nodes',
        body: { apiVersion: 'v1', kind: 'Node', metadata: { name: NODE } },
      })
    } catch (thrown) {
      if (!isStatus(thrown, 409)) throw thrown
    }
    const node = new FakeNode(client, namespace, ips)
    node.#reflector.start()
    await node.#reflector.whenSynced()
    return node
  }

  /** What it could not write, with the reason: empty in a test that passes. */
  get failures(): readonly string[] {
    return this.#failures
  }

  get pods(): readonly FakePod[] {
    return [...this.#reflector.store.values()]
  }

  async stop(): Promise<void> {
    await this.#reflector.stop()
  }

  async #see(pod: FakePod): Promise<void> {
    try {
      await this.#act(pod)
    } catch (thrown) {
      // It was deleted, or somebody else changed it; its next change comes.
      if (!isStatus(thrown, 404, 409)) this.#failures.push(String(thrown))
    }
  }

  async #act(pod: FakePod): Promise<void> {
    const key = objectKey(pod.metadata)
    const path = objectPath(PODS, key)
    const { uid } = pod.metadata
    if (pod.metadata.deletionTimestamp !== undefined)
      await this.#client.send({
        method: 'DELETE',
        path,
        body: { gracePeriodSeconds: 0, preconditions: { uid } },
      })
    else if (pod.spec.nodeName === undefined)
      await this.#client.send({
        method: 'POST',
        path: `${path}/binding`,
        body: {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { name: pod.metadata.name, uid },
          target: { apiVersion: 'v1', kind: 'Node', name: NODE },
        },
      })
    else await this.#tell(pod, path)
  }

  async #tell(pod: FakePod, path: string): Promise<void> {
    const fate = this.fates(pod)
    if (this.#told.get(pod.metadata.uid) === fate) return
    this.#told.set(pod.metadata.uid, fate)
    await this.#client.send({
      method: 'PATCH',
      path: `${path}/status`,
      contentType: 'application/merge-patch+json',
      body: { status: statusOf(pod, fate, this.#ips(pod)) },
    })
  }
}

function statusOf(pod: FakePod, fate: Fate, podIP: string): object {
  const at = new Date().toISOString().replace(/\.\d+Z/, 'Z')
  const ready = fate === 'ready'
  const ended = {
    exitCode: fate === 'succeeds' ? 0 : 1,
    reason: fate === 'succeeds' ? 'Completed' : 'Error',
    startedAt: at,
    finishedAt: at,
  }
  const states: Readonly<Record<Fate, object>> = {
    ready: { state: { running: { startedAt: at } } },
    starts: { state: { waiting: { reason: 'ContainerCreating' } } },
    crashes: {
      state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
      lastState: { terminated: ended },
      restartCount: 3,
    },
    succeeds: { state: { terminated: ended } },
    fails: { state: { terminated: ended } },
  }
  const phases: Readonly<Record<Fate, string>> = {
    ready: 'Running',
    starts: 'Pending',
    crashes: 'Running',
    succeeds: 'Succeeded',
    fails: 'Failed',
  }
  return {
    phase: phases[fate],
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: at,
    conditions: ['Initialized', 'PodScheduled', 'ContainersReady', 'Ready'].map((type) => ({
      type,
      status: type === 'Initialized' || type === 'PodScheduled' || ready ? 'True' : 'False',
      lastTransitionTime: at,
    })),
    containerStatuses: pod.spec.containers.map(({ name, image }) => ({
      name,
      image,
      imageID: '',
      ready,
      started: ready,
      restartCount: 0,
      ...states[fate],
    })),
  }
}
