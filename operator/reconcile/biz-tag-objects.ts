import type { BizTagStatus } from '../api/generated/biz-tag.ts'
import { BIZ_TAG, type BizTag } from '../api/kinds.ts'
import { BIZ_TAG_FINALIZER } from '../api/marks.ts'
import { Applier } from '../runtime/apply.ts'
import { isStatus, type KubeClient } from '../runtime/kube-client.ts'
import { objectKey, objectPath } from '../runtime/resource.ts'

/** Reads and writes BizTags. */
export class BizTagObjects {
  readonly #client: KubeClient
  readonly #status: Applier

  constructor(client: KubeClient) {
    this.#client = client
    this.#status = new Applier({ client, fieldManager: 'idgen-operator-status' })
  }

  /** From the API server and no cache; undefined: there is none. */
  async read(key: string, signal: AbortSignal): Promise<BizTag | undefined> {
    try {
      return await this.#client.send<BizTag>({ method: 'GET', path: objectPath(BIZ_TAG, key), signal })
    } catch (thrown) {
      if (isStatus(thrown, 404)) return undefined
      throw thrown
    }
  }

  /** Throws a KubeError 409 when the object changed since, also when it is being deleted by now. */
  async addFinalizer(tag: BizTag, signal: AbortSignal): Promise<BizTag> {
    return await this.#setFinalizers(tag, [...(tag.metadata.finalizers ?? []), BIZ_TAG_FINALIZER], signal)
  }

  /** What is gone needs none taken away. */
  async removeFinalizer(tag: BizTag, signal: AbortSignal): Promise<void> {
    let current: BizTag | undefined = tag
    for (let attempt = 0; current !== undefined; attempt += 1) {
      const others = current.metadata.finalizers?.filter((name) => name !== BIZ_TAG_FINALIZER) ?? []
      if (others.length === current.metadata.finalizers?.length) return
      try {
        await this.#setFinalizers(current, others, signal)
        return
      } catch (thrown) {
        if (isStatus(thrown, 404)) return
        if (!isStatus(thrown, 409) || attempt >= CONFLICTS_MAX) throw thrown
        const fresh: BizTag | undefined = await this.read(objectKey(tag.metadata), signal)
        // Another object of that name has its own finalizer, and its own tag.
        current = fresh?.metadata.uid === tag.metadata.uid ? fresh : undefined
      }
    }
  }

  /** The whole status; what was there before and is not given goes. Throws a KubeError 409 when the object changed since. */
  async writeStatus(tag: BizTag, status: BizTagStatus, signal: AbortSignal): Promise<BizTag> {
    const { apiVersion, kind, metadata } = tag
    const { name, namespace, uid, resourceVersion } = metadata
    // Not on another object of that name, nor on a state that was not looked at: a leader that was paused and goes on
    // late must not put its old picture over the new one.
    const identity = { name, uid, resourceVersion, ...(namespace === undefined ? {} : { namespace }) }
    return await this.#status.applyStatus(BIZ_TAG, { apiVersion, kind, metadata: identity, status }, signal)
  }

  async #setFinalizers(
    { metadata }: BizTag,
    finalizers: readonly string[],
    signal: AbortSignal,
  ): Promise<BizTag> {
    const { resourceVersion } = metadata
    return await this.#client.send<BizTag>({
      method: 'PATCH',
      path: objectPath(BIZ_TAG, objectKey(metadata)),
      contentType: 'application/merge-patch+json',
      body: { metadata: { resourceVersion, finalizers } },
      signal,
    })
  }
}

/** Somebody else changes the object at the same time; the queue brings it again after these. */
const CONFLICTS_MAX = 3
