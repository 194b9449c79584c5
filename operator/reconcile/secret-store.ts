import type { IdGenerator } from '../api/kinds.ts'
import { LABELS } from '../api/marks.ts'
import { MANAGED_BY, ownerOf } from '../render/metadata.ts'
import type { RenderedObject } from '../render/rendered-object.ts'
import type { Applier } from '../runtime/apply.ts'
import { isStatus, type KubeClient } from '../runtime/kube-client.ts'
import { collectionPath, objectKey, objectPath } from '../runtime/resource.ts'
import { SECRETS, type Secret } from './kube-kinds.ts'
import type { SecretReader } from './secret-reader.ts'

export interface SecretStoreOptions {
  readonly client: KubeClient
  readonly applier: Applier
  readonly fieldManager: string
  readonly reader: SecretReader
  /** Of the operator's own Secrets; the reader is asked where it has none. */
  readonly cached: (key: string) => Secret | undefined
}

/** Secrets, wherever they are known from, and the three ways to write one. */
export class SecretStore {
  readonly #options: SecretStoreOptions

  constructor(options: SecretStoreOptions) {
    this.#options = options
  }

  async find(key: string, signal: AbortSignal): Promise<Secret | undefined> {
    return this.#options.cached(key) ?? (await this.#options.reader.read(key, signal))
  }

  /** Past all caches. */
  async findNow(key: string, signal: AbortSignal): Promise<Secret | undefined> {
    return await this.#options.reader.readAnew(key, signal)
  }

  async apply(secret: RenderedObject, signal: AbortSignal): Promise<Secret> {
    return this.#written(await this.#options.applier.apply<Secret>(SECRETS, secret, signal))
  }

  /** Only where there is none; undefined: somebody else was faster. */
  async create(secret: RenderedObject, signal: AbortSignal): Promise<Secret | undefined> {
    const { client, fieldManager } = this.#options
    const path = collectionPath(SECRETS, secret.metadata.namespace)
    try {
      return this.#written(
        await client.send<Secret>({ method: 'POST', path, query: { fieldManager }, body: secret, signal }),
      )
    } catch (thrown) {
      if (isStatus(thrown, 409)) return undefined
      throw thrown
    }
  }

  /** All of its data, only while it is still as it was found; fails with a KubeError 409 otherwise. */
  async replace(found: Secret, secret: RenderedObject, signal: AbortSignal): Promise<Secret> {
    const { client, fieldManager } = this.#options
    // A merge keeps the keys that are not named. (A PUT would need one more right than everything else does.)
    const removed = Object.fromEntries(Object.keys(found.data ?? {}).map((key) => [key, null]))
    const data = { ...removed, ...(secret['data'] as object) }
    const body = { metadata: { resourceVersion: found.metadata.resourceVersion }, data }
    return this.#written(
      await client.send<Secret>({
        method: 'PATCH',
        path: objectPath(SECRETS, objectKey(secret.metadata)),
        query: { fieldManager },
        contentType: 'application/merge-patch+json',
        body,
        signal,
      }),
    )
  }

  /**
   * A Secret of ours that an earlier IdGenerator of the same name left behind: it is the new one's, or the collector would
   * take it away from under it. One without an owner stays so, because somebody may have wanted to keep it.
   */
  async adopt(found: Secret, owner: IdGenerator, signal: AbortSignal): Promise<Secret> {
    const { labels = {}, ownerReferences = [], resourceVersion, deletionTimestamp } = found.metadata
    const { name, uid } = owner.metadata
    const isOurs = labels[LABELS.managedBy] === MANAGED_BY && labels[LABELS.generator] === name
    const others = ownerReferences.filter((one) => one.kind !== owner.kind || one.name !== name)
    const isLeft = others.length < ownerReferences.length && ownerReferences.every((one) => one.uid !== uid)
    if (!isOurs || !isLeft || deletionTimestamp !== undefined) return found
    const { client, fieldManager } = this.#options
    return this.#written(
      await client.send<Secret>({
        method: 'PATCH',
        path: objectPath(SECRETS, objectKey(found.metadata)),
        query: { fieldManager },
        contentType: 'application/merge-patch+json',
        body: { metadata: { resourceVersion, ownerReferences: [...others, ownerOf(owner)] } },
        signal,
      }),
    )
  }

  #written(secret: Secret): Secret {
    this.#options.reader.written(secret)
    return secret
  }
}
