import type { IdGeneratorStatusCondition } from '../../operator/api/generated/id-generator.ts'
import { ID_GENERATOR, type IdGenerator } from '../../operator/api/kinds.ts'
import type { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import { isStatus } from '../../operator/runtime/kube-client.ts'
import {
  collectionPath,
  type KubeObject,
  objectPath,
  type Resource,
} from '../../operator/runtime/resource.ts'
import { newNamespace, until } from './cluster-world.ts'
import { FakeNode, type FakePod, type Fate } from './fake-node.ts'
import type { KubeApi } from './kube-api.ts'
import { OperatorProcess } from './operator-process.ts'

export interface WorldOptions {
  readonly env?: Readonly<Record<string, string>>
  /** One that is there; default: a new one. */
  readonly namespace?: string
  /** Address of a pod, for its metrics. */
  readonly ips?: (pod: FakePod) => string
}

/** One namespace with an IdGenerator "orders", its pods on a fake node, and an operator that sees to it. */
export class GeneratorWorld {
  readonly client: HttpKubeClient
  readonly namespace: string
  readonly node: FakeNode
  readonly operators: OperatorProcess[] = []
  /** Images whose pods crash, and Jobs that fail while it is set. */
  readonly crashing = new Set<string>()
  migrationFate: Fate = 'succeeds'
  readonly #api: KubeApi
  readonly #env: Readonly<Record<string, string>>

  private constructor(api: KubeApi, namespace: string, node: FakeNode, { env = {} }: WorldOptions) {
    this.#api = api
    this.client = api.client()
    this.namespace = namespace
    this.node = node
    this.#env = env
  }

  static async start(api: KubeApi, options: WorldOptions = {}): Promise<GeneratorWorld> {
    const client = api.client()
    const namespace = options.namespace ?? (await newNamespace(client))
    const node = await FakeNode.start(client, namespace, options.ips)
    const world = new GeneratorWorld(api, namespace, node, options)
    node.fates = (pod) => world.fateOf(pod)
    await world.createSecret('orders-database', { url: 'postgres://ids:secret@db:5432/ids' })
    return world
  }

  fateOf({ metadata, spec }: FakePod): Fate {
    if (metadata.labels?.['app.kubernetes.io/component'] === 'migration') return this.migrationFate
    return this.crashing.has(spec.containers[0]?.image ?? '') ? 'crashes' : 'ready'
  }

  /** `root`: see OperatorProcess. */
  async startOperator(env: Readonly<Record<string, string>> = {}, root?: string): Promise<OperatorProcess> {
    const name = `operator-${this.operators.length}-${this.namespace}`
    const settings = {
      KUBECONFIG: await this.#api.kubeconfig(),
      IDGEN_OPERATOR_NAMESPACE: this.namespace,
      IDGEN_OPERATOR_WATCH_NAMESPACES: this.namespace,
      IDGEN_OPERATOR_IMAGE: 'idgen:v1',
      ...this.#env,
      ...env,
    }
    const operator = new OperatorProcess(this.#api.folder, name, settings, root)
    this.operators.push(operator)
    return operator
  }

  async close(): Promise<void> {
    await Promise.all(this.operators.map((operator) => operator.end('SIGKILL')))
    await this.node.stop()
  }

  async createSecret(name: string, stringData: Readonly<Record<string, string>>): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData }
    await this.client.send({ method: 'POST', path: `/api/v1/namespaces/${this.namespace}/secrets`, body })
  }

  /** As kubectl does it, with what people would write. */
  async applyGenerator(spec: object = {}): Promise<IdGenerator> {
    const body = {
      apiVersion: 'idgen.io/v1alpha1',
      kind: 'IdGenerator',
      metadata: { name: 'orders' },
      spec: { database: { secret: { name: 'orders-database' } }, ...spec },
    }
    return await this.client.send<IdGenerator>({
      method: 'PATCH',
      path: this.path(ID_GENERATOR, 'orders'),
      query: { fieldManager: 'kubectl', force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body,
    })
  }

  async annotate(annotations: Readonly<Record<string, string | null>>): Promise<void> {
    await this.patch(ID_GENERATOR, 'orders', { metadata: { annotations } })
  }

  async patch(resource: Resource, name: string, body: object): Promise<void> {
    const path = this.path(resource, name)
    await this.client.send({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body })
  }

  async remove(resource: Resource, name: string): Promise<void> {
    await this.client.send({ method: 'DELETE', path: this.path(resource, name) })
  }

  async generator(): Promise<IdGenerator> {
    return await this.client.send<IdGenerator>({ method: 'GET', path: this.path(ID_GENERATOR, 'orders') })
  }

  async find<T extends KubeObject>(resource: Resource, name: string): Promise<T | undefined> {
    try {
      return await this.client.send<T>({ method: 'GET', path: this.path(resource, name) })
    } catch (thrown) {
      if (isStatus(thrown, 404)) return undefined
      throw thrown
    }
  }

  async list<T extends KubeObject>(resource: Resource): Promise<T[]> {
    const path = collectionPath(resource, this.namespace)
    return (await this.client.send<{ items: T[] }>({ method: 'GET', path })).items
  }

  /** "kind/name" of everything in the namespace that belongs to the IdGenerator. */
  async owned(resources: readonly Resource[]): Promise<string[]> {
    const found = await Promise.all(
      resources.map(async (resource) =>
        (await this.list(resource))
          .filter(({ metadata }) => metadata.ownerReferences?.some(({ kind }) => kind === 'IdGenerator'))
          .map(({ metadata }) => `${resource.kind}/${metadata.name}`),
      ),
    )
    return found.flat().sort()
  }

  /** Waits until the IdGenerator is so; says how it was if it never is. */
  async becomes(
    what: string,
    holds: (generator: IdGenerator) => boolean,
    limitMs = 60_000,
  ): Promise<IdGenerator> {
    let last: IdGenerator | undefined
    try {
      await until(
        what,
        async () => {
          last = await this.generator()
          return holds(last)
        },
        limitMs,
      )
    } catch (thrown) {
      const said = this.operators.at(-1)?.output().split('\n').slice(-15).join('\n')
      throw new Error(`${String(thrown)}\n${JSON.stringify(last?.status, null, 1)}\n${said}`, {
        cause: thrown,
      })
    }
    if (last === undefined) throw new Error('never read')
    return last
  }

  async events(): Promise<{ readonly reason: string; readonly type: string; readonly note: string }[]> {
    const path = `/apis/events.k8s.io/v1/namespaces/${this.namespace}/events`
    const { items } = await this.client.send<{
      items: { reason: string; type: string; note: string; regarding: { kind: string } }[]
    }>({ method: 'GET', path })
    return items.filter(({ regarding }) => regarding.kind === 'IdGenerator')
  }

  path(resource: Resource, name: string, subresource?: 'status' | 'scale'): string {
    return objectPath(resource, `${this.namespace}/${name}`, subresource)
  }
}

export function condition(generator: IdGenerator, type: string): IdGeneratorStatusCondition | undefined {
  return generator.status?.conditions?.find((one) => one.type === type)
}

/** "True Ready" */
export function told(generator: IdGenerator, type: string): string {
  const found = condition(generator, type)
  return found === undefined ? '' : `${found.status} ${found.reason}`
}

/** Short holds, no analysis: a canary of seconds. */
export const QUICK_CANARY = {
  steps: [{ weight: 34, hold: '1s' }, { weight: 100 }],
  progressDeadline: '5s',
  abortScaleDownDelay: '0s',
  analysis: { enabled: false },
}
