import { isStatus, type KubeClient, type KubeError } from './kube-client.ts'
import { type KubeObject, type OwnerReference, objectKey, objectPath, type Resource } from './resource.ts'

/** What we want of an object: only the fields that are ours. */
export interface AppliedObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly finalizers?: readonly string[]
    readonly ownerReferences?: readonly OwnerReference[]
    /** Set: only this very object, and no later one of the same name, is changed. */
    readonly uid?: string
    /** Set: only while the object is the one that was read; otherwise a KubeError 409. */
    readonly resourceVersion?: string
  }
}

export interface ApplierOptions {
  readonly client: KubeClient
  /** Who owns what is applied. One name per purpose: applying leaves out what the same name no longer applies. */
  readonly fieldManager: string
  /** Somebody else owned a field that is ours now: a fight that people should see. */
  readonly onConflict?: (key: string, kind: string, conflict: KubeError) => void
}

/** Server-side apply. Applying what is already so changes nothing, the resource version included. */
export class Applier {
  readonly #options: ApplierOptions

  constructor(options: ApplierOptions) {
    this.#options = options
  }

  /** Makes the object, or our fields of it, as given. */
  async apply<T extends KubeObject>(
    resource: Resource,
    object: AppliedObject,
    signal?: AbortSignal,
  ): Promise<T> {
    return await this.#apply<T>(objectPath(resource, objectKey(object.metadata)), object, signal)
  }

  /** The same with its status, which is a different owner's business and never written by `apply`. */
  async applyStatus<T extends KubeObject>(
    resource: Resource,
    object: AppliedObject & { readonly status: object },
    signal?: AbortSignal,
  ): Promise<T> {
    return await this.#apply<T>(objectPath(resource, objectKey(object.metadata), 'status'), object, signal)
  }

  async #apply<T>(path: string, object: AppliedObject, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await this.#patch<T>(path, object, false, signal)
    } catch (thrown) {
      // Other conflicts are about the object as a whole, and forcing fields would not help.
      if (!isStatus(thrown, 409) || !isFieldConflict(thrown)) throw thrown
      this.#options.onConflict?.(objectKey(object.metadata), object.kind, thrown)
      return await this.#patch<T>(path, object, true, signal)
    }
  }

  async #patch<T>(path: string, body: AppliedObject, force: boolean, signal?: AbortSignal): Promise<T> {
    const { client, fieldManager } = this.#options
    return await client.send<T>({
      method: 'PATCH',
      path,
      query: { fieldManager, force: String(force) },
      contentType: 'application/apply-patch+yaml',
      body,
      ...(signal === undefined ? {} : { signal }),
    })
  }
}

/** The server's word for a conflict of owners; its status and reason are the same for all conflicts. */
function isFieldConflict({ message }: KubeError): boolean {
  return message.includes('Apply failed with')
}
