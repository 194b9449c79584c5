import type { BizTag, IdGenerator } from '../api/kinds.ts'
import { ANNOTATIONS, LABELS } from '../api/marks.ts'
import { isStatus, type KubeClient } from '../runtime/kube-client.ts'
import { collectionPath, type OwnerReference, objectPath } from '../runtime/resource.ts'
import { SECRET, type Secret } from './credentials.ts'

/** Labels of the Secrets of tags; `selector` is what a cache of them asks for. */
export const TAG_SECRET = {
  labels: { [LABELS.managedBy]: 'idgen-operator', [LABELS.component]: 'tag-credentials' },
  selector: `${LABELS.managedBy}=idgen-operator,${LABELS.component}=tag-credentials`,
} as const

/** What an application needs to ask for IDs, without the key. */
export function fixedEntries(
  generator: IdGenerator,
  ca: string | undefined,
  path: string,
): Readonly<Record<(typeof ENTRIES)[number], string | undefined>> {
  const { name, namespace } = generator.metadata
  const host = `${name}.${namespace}.svc`
  const { http, https, grpc, resp } = generator.status?.endpoints ?? {
    http: `http://${host}:8080`,
    https: `https://${host}:8443`,
    grpc: `${host}:50051`,
  }
  return { http, https, grpc, resp, 'ca.crt': ca, path }
}

const ENTRIES = ['http', 'https', 'grpc', 'resp', 'ca.crt', 'path'] as const

/** Made by us for this very object. */
export function isOwnSecret(secret: Secret, tag: BizTag): boolean {
  return secret.metadata.ownerReferences?.some(({ uid }) => uid === tag.metadata.uid) === true
}

/** Secrets of tags in the API. Never writes to one that is not ours: each write names the version that was read. */
export class TagSecrets {
  readonly #client: KubeClient

  constructor(client: KubeClient) {
    this.#client = client
  }

  async read(namespace: string, name: string, signal: AbortSignal): Promise<Secret | undefined> {
    try {
      return await this.#client.send<Secret>({
        method: 'GET',
        path: objectPath(SECRET, `${namespace}/${name}`),
        signal,
      })
    } catch (thrown) {
      if (isStatus(thrown, 404)) return undefined
      throw thrown
    }
  }

  /** Throws a KubeError 409 when somebody else made one of that name meanwhile. */
  async create(
    tag: BizTag,
    name: string,
    entries: Readonly<Record<string, string | undefined>>,
    rotation: string | undefined,
    signal: AbortSignal,
  ): Promise<Secret> {
    const { namespace = '' } = tag.metadata
    const annotations = rotation === undefined ? {} : { [ANNOTATIONS.rotateKey]: rotation }
    const body = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      metadata: {
        name,
        namespace,
        labels: TAG_SECRET.labels,
        annotations,
        ownerReferences: [ownerReference(tag)],
      },
      data: encoded(entries),
    }
    const path = collectionPath(SECRET, namespace)
    return await this.#client.send<Secret>({ method: 'POST', path, body, signal })
  }

  /** Entries of other people stay. Throws a KubeError 409 when it changed since it was read. */
  async update(
    secret: Secret,
    entries: Readonly<Record<string, string | undefined>>,
    rotation: string | undefined,
    signal: AbortSignal,
  ): Promise<Secret> {
    const { name, namespace = '', resourceVersion } = secret.metadata
    const gone = Object.fromEntries(ENTRIES.map((entry) => [entry, null]))
    const body = {
      metadata: {
        resourceVersion,
        labels: TAG_SECRET.labels,
        annotations: { [ANNOTATIONS.rotateKey]: rotation ?? null },
      },
      data: { ...gone, ...encoded(entries) },
    }
    return await this.#client.send<Secret>({
      method: 'PATCH',
      path: objectPath(SECRET, `${namespace}/${name}`),
      contentType: 'application/merge-patch+json',
      body,
      signal,
    })
  }

  /** Only if it is that tag's; gone already is fine. */
  async remove(tag: BizTag, name: string, signal: AbortSignal): Promise<void> {
    const { namespace = '' } = tag.metadata
    const secret = await this.read(namespace, name, signal)
    if (secret === undefined || !isOwnSecret(secret, tag)) return
    const { uid, resourceVersion } = secret.metadata
    try {
      await this.#client.send({
        method: 'DELETE',
        path: objectPath(SECRET, `${namespace}/${name}`),
        body: { preconditions: { uid, resourceVersion } },
        signal,
      })
    } catch (thrown) {
      if (!isStatus(thrown, 404)) throw thrown
    }
  }
}

function encoded(entries: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(entries).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Buffer.from(value).toString('base64')]],
    ),
  )
}

function ownerReference({ apiVersion, kind, metadata }: BizTag): OwnerReference {
  const { name, uid } = metadata
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }
}
