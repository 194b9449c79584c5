import { BIZ_TAG, type BizTag } from '../../operator/api/kinds.ts'
import { conditionOf } from '../../operator/core/biz-tag-conditions.ts'
import { SystemClock } from '../../operator/runtime/clock.ts'
import type { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import { Reflector } from '../../operator/runtime/reflector.ts'
import { collectionPath } from '../../operator/runtime/resource.ts'
import { newNamespace, until } from './cluster-world.ts'
import { bizTag, installDefinitions } from './custom-resources.ts'
import { GeneratorWorld, told } from './generator-world.ts'
import { KubeApi } from './kube-api.ts'
import type { OperatorProcess } from './operator-process.ts'
import { TlsService } from './tls-service.ts'

/**
 * Many BizTags of one IdGenerator, whose pods are pretended and whose service is real; a person watches, as with
 * `kubectl get --watch`, when they become ready.
 */
export class TagFleet {
  readonly api: KubeApi
  readonly world: GeneratorWorld
  readonly #service: TlsService
  readonly #client: HttpKubeClient
  readonly #watch: Reflector<BizTag>
  /** By key, when it was first seen ready; of performance.now(). */
  readonly #readyAtMs = new Map<string, number>()

  private constructor(api: KubeApi, world: GeneratorWorld, service: TlsService) {
    this.api = api
    this.world = world
    this.#service = service
    this.#client = world.client
    this.#watch = new Reflector<BizTag>({
      client: world.client,
      clock: new SystemClock(),
      random: Math.random,
      resource: BIZ_TAG,
      namespace: world.namespace,
      onChange: ({ key, object }) => {
        if (isReady(object) && !this.#readyAtMs.has(key)) this.#readyAtMs.set(key, performance.now())
      },
    })
  }

  static async start(): Promise<TagFleet> {
    const api = await KubeApi.start()
    try {
      await api.startControllers()
      const client = api.client()
      await installDefinitions(client)
      const namespace = await newNamespace(client)
      const service = await TlsService.start('orders', namespace)
      const env = {
        IDGEN_OPERATOR_SERVICE_ADDRESS: service.access.address,
        IDGEN_OPERATOR_WATCH_NAMESPACES: '',
      }
      const world = await GeneratorWorld.start(api, { namespace, env })
      const fleet = new TagFleet(api, world, service)
      await world.createSecret('served', { ...service.secret, 'admin-key': service.access.key })
      fleet.#watch.start()
      await fleet.#watch.whenSynced()
      return fleet
    } catch (thrown) {
      await api.close()
      throw thrown
    }
  }

  /** An operator that leads, and an IdGenerator that is ready. `root`: see OperatorProcess. */
  async lead(root?: string): Promise<OperatorProcess> {
    const operator = await this.world.startOperator({}, root)
    const auth = { adminKeySecret: { name: 'served', key: 'admin-key' } }
    await this.world.applyGenerator({ tls: { secretName: 'served' }, auth })
    await this.world.becomes('it is ready', (it) => told(it, 'Ready') === 'True Ready')
    return operator
  }

  /** Milliseconds from the request that makes the tag to the moment when somebody who watches sees that it is ready. */
  async readyAfterMs(name: string): Promise<number> {
    const startedMs = performance.now()
    await this.create(name)
    const key = `${this.world.namespace}/${name}`
    await until(`${name} is ready`, () => this.#readyAtMs.has(key))
    return (this.#readyAtMs.get(key) ?? Number.NaN) - startedMs
  }

  get readyCount(): number {
    return this.#readyAtMs.size
  }

  async create(name: string): Promise<BizTag> {
    const body = bizTag(name, { tag: name })
    return await this.#client.send<BizTag>({
      method: 'POST',
      path: collectionPath(BIZ_TAG, this.world.namespace),
      body,
    })
  }

  /** Many at a time, as a pipeline applies them. */
  async createMany(names: readonly string[]): Promise<void> {
    const open = [...names]
    const creator = async (): Promise<void> => {
      for (let name = open.pop(); name !== undefined; name = open.pop()) await this.create(name)
    }
    await Promise.all(Array.from({ length: CREATORS }, creator))
  }

  async close(): Promise<void> {
    await this.#watch.stop()
    await this.world.close()
    await this.#service.close()
    await this.api.close()
  }
}

function isReady({ metadata, status }: BizTag): boolean {
  const ready = conditionOf(status?.conditions, 'Ready')
  return ready?.status === 'True' && ready.observedGeneration === metadata.generation
}

const CREATORS = 16
