import { BIZ_TAG, type BizTag, ID_GENERATOR } from '../../operator/api/kinds.ts'
import { conditionOf } from '../../operator/core/biz-tag-conditions.ts'
import type { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import { isStatus } from '../../operator/runtime/kube-client.ts'
import { collectionPath } from '../../operator/runtime/resource.ts'
import { keptLog } from '../../operator/runtime/scripted-kube.ts'
import { type RunningBizTags, runBizTags } from './biz-tag-run.ts'
import { newNamespace, until } from './cluster-world.ts'
import { bizTag, idGenerator, installDefinitions, ResourceNamespace } from './custom-resources.ts'
import { KubeApi } from './kube-api.ts'
import { TlsService } from './tls-service.ts'

/** A real API server, a real service behind an IdGenerator that says that it is available, and the BizTag controller. */
export class BizTagCluster {
  readonly api: KubeApi
  readonly client: HttpKubeClient
  readonly service: TlsService
  readonly namespace: ResourceNamespace
  #running: RunningBizTags | undefined

  private constructor(api: KubeApi, service: TlsService, namespace: ResourceNamespace) {
    this.api = api
    this.client = namespace.client
    this.service = service
    this.namespace = namespace
  }

  static async start(): Promise<BizTagCluster> {
    const api = await KubeApi.start()
    try {
      const client = api.client()
      await installDefinitions(client)
      const namespace = new ResourceNamespace(client, await newNamespace(client))
      const cluster = new BizTagCluster(api, await TlsService.start('ids', namespace.name), namespace)
      await cluster.#makeGenerator()
      return cluster
    } catch (thrown) {
      await api.close()
      throw thrown
    }
  }

  async lead(): Promise<void> {
    this.#running = await runBizTags(this.client, this.service.access.address, keptLog().log)
  }

  async stopLeading(): Promise<void> {
    await this.#running?.stop()
    this.#running = undefined
  }

  async create(name: string, spec: object = {}, namespace = this.namespace.name): Promise<BizTag> {
    const generatorRef = { name: 'ids', namespace: this.namespace.name }
    const body = bizTag(name, { generatorRef, tag: name, ...spec })
    return await this.client.send<BizTag>({ method: 'POST', path: collectionPath(BIZ_TAG, namespace), body })
  }

  async tag(name: string, namespace = this.namespace.name): Promise<BizTag | undefined> {
    try {
      const path = `${collectionPath(BIZ_TAG, namespace)}/${name}`
      return await this.client.send<BizTag>({ method: 'GET', path })
    } catch (thrown) {
      if (isStatus(thrown, 404)) return undefined
      throw thrown
    }
  }

  async patch(name: string, body: object): Promise<void> {
    const path = this.namespace.path(BIZ_TAG, name)
    await this.client.send({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body })
  }

  async delete(name: string): Promise<void> {
    await this.client.send({ method: 'DELETE', path: this.namespace.path(BIZ_TAG, name) })
  }

  /** "True Ready", of the spec that it has now. */
  async ready(name: string, namespace?: string): Promise<string> {
    const tag = await this.tag(name, namespace)
    const condition = conditionOf(tag?.status?.conditions, 'Ready')
    if (condition?.observedGeneration !== tag?.metadata.generation) return 'not looked at yet'
    return `${condition?.status} ${condition?.reason}`
  }

  async becomes(name: string, ready: string, namespace?: string): Promise<void> {
    let last = ''
    await until(`${name} is ${ready}`, async () => {
      last = await this.ready(name, namespace)
      return last === ready
    }).catch((thrown: unknown) => {
      throw new Error(`${String(thrown)}, it is ${last}`)
    })
  }

  async goes(name: string, limitMs?: number): Promise<void> {
    await until(`${name} is gone`, async () => (await this.tag(name)) === undefined, limitMs)
  }

  async reasons(name: string): Promise<string[]> {
    const path = `/apis/events.k8s.io/v1/namespaces/${this.namespace.name}/events`
    const { items } = await this.client.send<{ items: { regarding: { name: string }; reason: string }[] }>({
      method: 'GET',
      path,
    })
    return items.filter(({ regarding }) => regarding.name === name).map(({ reason }) => reason)
  }

  async close(): Promise<void> {
    await this.stopLeading()
    await this.service.close()
    await this.api.close()
  }

  async #makeGenerator(): Promise<void> {
    const base64 = (text: string): string => Buffer.from(text).toString('base64')
    const { ca = '', key } = this.service.access
    const secrets = { 'ids-admin': { 'admin-key': base64(key) }, 'ids-tls': { 'ca.crt': base64(ca) } }
    for (const [name, data] of Object.entries(secrets))
      await this.client.send({
        method: 'POST',
        path: `/api/v1/namespaces/${this.namespace.name}/secrets`,
        body: { apiVersion: 'v1', kind: 'Secret', metadata: { name }, data },
      })
    await this.namespace.create(
      ID_GENERATOR,
      idGenerator('ids', {
        allowedNamespaces: { from: 'Selector', selector: { ids: 'yes' } },
      }),
    )
    const at = new Date().toISOString()
    const available = {
      type: 'Available',
      status: 'True',
      reason: 'Test',
      message: '',
      lastTransitionTime: at,
    }
    await this.namespace.applyStatus(ID_GENERATOR, 'ids', { conditions: [available] })
  }
}
