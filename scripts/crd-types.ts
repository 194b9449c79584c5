import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

/** What this reads of the OpenAPI schemas in a CustomResourceDefinition. */
interface Schema {
  readonly type?: string
  readonly description?: string
  readonly enum?: readonly string[]
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema
  readonly items?: Schema
  readonly default?: unknown
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-int-or-string'?: boolean
}

interface Definition {
  readonly spec: {
    readonly names: { readonly kind: string }
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[]
  }
}

/**
 * The TypeScript types of the custom resources in operator/api/generated, one file a kind, from crds/. A field with a default is always there in
 * what the API server gives out, so it is not optional; an object with a default is there, too.
 */
export function crdTypes(root: string): Record<string, string> {
  const files: Record<string, string> = {}
  for (const name of readdirSync(join(root, 'crds')).filter((file) => file.endsWith('.yaml'))) {
    const definition = parse(readFileSync(join(root, 'crds', name), 'utf8')) as Definition
    const { kind } = definition.spec.names
    const path = `operator/api/generated/${kind.replace(/(?<=[a-z])[A-Z]/g, '-$&').toLowerCase()}.ts`
    files[path] = typesOfKind(kind, name, definition)
  }
  return files
}

function typesOfKind(kind: string, source: string, { spec }: Definition): string {
  const [version, ...others] = spec.versions
  if (version === undefined || others.length > 0) throw new Error(`${source} must have exactly one version`)
  const { properties = {} } = version.schema.openAPIV3Schema
  const types = new Map<string, string>()
  for (const part of ['spec', 'status'] as const) {
    const schema = properties[part]
    if (schema === undefined) throw new Error(`${source} lacks ${part}`)
    declare(kind + capital(part), schema, types)
  }
  return [
    `// Made by \`make generate\` from crds/${source}. Do not edit.`,
    ...[...types].map(([, text]) => text),
    '',
  ].join('\n')
}

/** Declares the type of an object, after those it consists of. */
function declare(name: string, schema: Schema, types: Map<string, string>): void {
  const lines: string[] = []
  for (const [key, field] of Object.entries(schema.properties ?? {})) {
    const present = schema.required?.includes(key) === true || field.default !== undefined
    if (field.description !== undefined) lines.push(`  /** ${field.description} */`)
    lines.push(`  readonly ${key}${present ? '' : '?'}: ${typeOf(name + capital(key), field, types)}`)
  }
  types.set(name, `\nexport interface ${name} {\n${lines.join('\n')}\n}`)
}

function typeOf(name: string, schema: Schema, types: Map<string, string>): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `'${value}'`).join(' | ')
  if (schema['x-kubernetes-int-or-string'] === true) return 'number | string'
  const { type = 'any' } = schema
  switch (type) {
    case 'string':
    case 'boolean':
      return type
    case 'integer':
      return 'number'
    case 'array':
      return `readonly ${inBrackets(typeOf(singular(name), schema.items ?? {}, types))}[]`
    case 'object':
      return objectType(name, schema, types)
    default:
      throw new Error(`${name} has type ${type}, which is not provided for`)
  }
}

function objectType(name: string, schema: Schema, types: Map<string, string>): string {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return 'Readonly<Record<string, unknown>>'
  if (schema.additionalProperties !== undefined)
    return `Readonly<Record<string, ${typeOf(name, schema.additionalProperties, types)}>>`
  declare(name, schema, types)
  return name
}

function inBrackets(type: string): string {
  return type.includes(' | ') ? `(${type})` : type
}

function singular(name: string): string {
  return name.endsWith('ies') ? `${name.slice(0, -3)}y` : name.replace(/s$/, '')
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
