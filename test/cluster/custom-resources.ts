import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import { isStatus } from '../../operator/runtime/kube-client.ts'
import {
  apiVersion,
  collectionPath,
  type KubeObject,
  objectPath,
  type Resource,
} from '../../operator/runtime/resource.ts'
import { until } from './cluster-world.ts'

const FOLDER = join(import.meta.dirname, '../../crds')
const PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

export interface Definition {
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly group: string
    readonly names: { readonly kind: string }
    readonly versions: readonly {
      readonly name: string
      readonly schema: { readonly openAPIV3Schema: Schema }
    }[]
  }
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly message: string
    }[]
  }
}

/** What tests read of a schema. */
export interface Schema {
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
}

/** The definitions of crds/, as the files have them. */
export function definitions(): Definition[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => parse(readFileSync(join(FOLDER, name), 'utf8')) as Definition)
}

/** Makes the kinds of crds/ known to the API server, and answers with the definitions as it has them then. */
export async function installDefinitions(client: HttpKubeClient): Promise<Definition[]> {
  const wanted = definitions()
  for (const body of wanted)
    await client.send({ method: 'POST', path: PATH, query: { fieldValidation: 'Strict' }, body })
  return await Promise.all(wanted.map((definition) => served(client, definition)))
}

/** Both: the server says that it is established, and its objects can be asked for. One may come before the other. */
async function served(client: HttpKubeClient, { metadata, spec }: Definition): Promise<Definition> {
  const [plural = ''] = metadata.name.split('.')
  const objects = `/apis/${spec.group}/${spec.versions[0]?.name}/${plural}`
  let known: Definition | undefined
  await until(`${metadata.name} is served`, async () => {
    try {
      await client.send({ method: 'GET', path: objects })
      known = await client.send<Definition>({ method: 'GET', path: `${PATH}/${metadata.name}` })
    } catch (thrown) {
      // 429: its storage is still being made ready.
      if (isStatus(thrown, 404, 429, 503)) return false
      throw thrown
    }
    return (
      known.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ===
      true
    )
  })
  if (known === undefined) throw new Error(`${metadata.name} is not served`)
  return known
}

/** The least that an IdGenerator needs, and what a test adds. */
export function idGenerator(name: string, spec: object = {}) {
  return {
    apiVersion: 'idgen.io/v1alpha1',
    kind: 'IdGenerator',
    metadata: { name },
    spec: { database: { secret: { name: 'orders-database' } }, ...spec },
  }
}

/** The least that a BizTag needs, and what a test adds. */
export function bizTag(name: string, spec: object = {}) {
  return {
    apiVersion: 'idgen.io/v1alpha1',
    kind: 'BizTag',
    metadata: { name },
    spec: { generatorRef: { name: 'orders' }, workspace: 'shop', group: 'orders', tag: 'invoice', ...spec },
  }
}

/** A custom resource, whatever is in it. */
export interface AnyResource extends KubeObject {
  readonly spec: Readonly<Record<string, unknown>>
  readonly status?: Readonly<Record<string, unknown>>
}

/** One namespace, and what is done to custom resources in it. */
export class ResourceNamespace {
  readonly client: HttpKubeClient
  readonly name: string

  constructor(client: HttpKubeClient, name: string) {
    this.client = client
    this.name = name
  }

  /** As `kubectl create` does it. */
  async create(
    resource: Resource,
    body: object,
    query: Readonly<Record<string, string>> = {},
  ): Promise<AnyResource> {
    const path = collectionPath(resource, this.name)
    return await this.client.send<AnyResource>({ method: 'POST', path, query, body })
  }

  /** As `kubectl apply --server-side` does it. */
  async apply(resource: Resource, body: NamedBody, fieldManager = 'kubectl'): Promise<AnyResource> {
    return await this.#patch(this.path(resource, body.metadata.name), body, fieldManager)
  }

  /** As the operator writes a status. */
  async applyStatus(
    resource: Resource,
    name: string,
    status: object,
    fieldManager = 'operator',
  ): Promise<AnyResource> {
    const body = { apiVersion: apiVersion(resource), kind: resource.kind, metadata: { name }, status }
    return await this.#patch(this.path(resource, name, 'status'), body, fieldManager)
  }

  async get(resource: Resource, name: string): Promise<AnyResource> {
    return await this.client.send<AnyResource>({ method: 'GET', path: this.path(resource, name) })
  }

  path(resource: Resource, name: string, subresource?: 'status' | 'scale'): string {
    return objectPath(resource, `${this.name}/${name}`, subresource)
  }

  async #patch(path: string, body: object, fieldManager: string): Promise<AnyResource> {
    return await this.client.send<AnyResource>({
      method: 'PATCH',
      path,
      query: { fieldManager, force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body,
    })
  }
}

interface NamedBody {
  readonly metadata: { readonly name: string }
}
