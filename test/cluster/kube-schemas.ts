import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'

type Schema = Readonly<Record<string, unknown>>

interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** For kubeconform's -schema-location: how the files below `folder` are named. */
export function schemaLocation(folder: string): string {
  return join(folder, '{{.ResourceKind}}-{{.Group}}-{{.ResourceAPIVersion}}.json')
}

/**
 * JSON schemas of everything that this API server knows, a file a kind, made from its own OpenAPI: nothing is downloaded, and
 * they are of the version that the tests run on. Fields that they do not name are refused.
 */
export async function writeServerSchemas(client: HttpKubeClient, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const { paths } = await client.send<{ paths: Schema }>({ method: 'GET', path: '/openapi/v3' })
  for (const path of Object.keys(paths).filter((name) => /^apis?\//.test(name))) {
    const { components } = await client.send<{ components?: { schemas?: Readonly<Record<string, Schema>> } }>(
      {
        method: 'GET',
        path: `/openapi/v3/${path}`,
      },
    )
    await writeKinds(components?.schemas ?? {}, folder)
  }
}

async function writeKinds(schemas: Readonly<Record<string, Schema>>, folder: string): Promise<void> {
  const definitions = Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, strict(schema)]),
  )
  for (const [name, schema] of Object.entries(schemas)) {
    const kinds = (schema['x-kubernetes-group-version-kind'] ?? []) as readonly GroupVersionKind[]
    // What is the same in many groups (DeleteOptions, WatchEvent) is nobody's object.
    const [only] = kinds.length === 1 ? kinds : []
    if (only === undefined) continue
    const { group, version, kind } = only
    // As kubeconform names the group of what has none.
    const file = `${kind.toLowerCase()}-${group === '' ? version : group}-${version}.json`
    await writeFile(join(folder, file), JSON.stringify({ $ref: `#/definitions/${name}`, definitions }))
  }
}

/** References lead into the file itself, and an object whose fields are named has no others. */
function strict(schema: Schema): Schema {
  const entries = Object.entries(schema).map(([key, value]) => {
    if (key === '$ref') return [key, String(value).replace('#/components/schemas/', '#/definitions/')]
    if (key === 'properties') return [key, mapValues(value as Schema, (field) => strict(field as Schema))]
    return [key, Array.isArray(value) ? value.map(strictly) : strictly(value)]
  })
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true || 'additionalProperties' in schema
  const closed = 'properties' in schema && !open ? { additionalProperties: false } : {}
  return { ...(Object.fromEntries(entries) as Schema), ...closed }
}

function mapValues(record: Schema, change: (value: unknown) => unknown): Schema {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
}

function strictly(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? strict(value as Schema) : value
}
