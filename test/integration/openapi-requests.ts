import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const DOCUMENT = join(import.meta.dirname, '../../docs/openapi.json')

/** A request of the OpenAPI document with `text` in one of the places where a client may write one. */
export interface FilledRequest {
  /** `PATCH /v1/workspaces/{workspace}: displayName` */
  readonly where: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

/** What is read of a schema. */
interface Schema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly format?: string
  readonly pattern?: string
  readonly minimum?: number
  readonly items?: Schema
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean | Schema
}

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
}

interface Operation {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

/**
 * For each parameter of each operation a request with `text` in it, and for each text of each body; whatever else the
 * operation wants is as it should be. `known` fills the other parameters of paths.
 */
export function requestsWith(text: string, known: Readonly<Record<string, string>>): FilledRequest[] {
  const { paths } = JSON.parse(readFileSync(DOCUMENT, 'utf8')) as Document
  return Object.entries(paths).flatMap(([template, operations]) =>
    Object.entries(operations).flatMap(([method, operation]) =>
      ofOperation(text, { template, method: method.toUpperCase(), operation, known }),
    ),
  )
}

interface Place {
  readonly template: string
  readonly method: string
  readonly operation: Operation
  readonly known: Readonly<Record<string, string>>
}

function ofOperation(text: string, { template, method, operation, known }: Place): FilledRequest[] {
  const { parameters = [], requestBody } = operation
  const path = filled(template, known)
  const [schema] = Object.values(requestBody?.content ?? {}).map((content) => content.schema)
  const plain = schema && plausible(schema)
  const where = `${method} ${template}`
  const byParameter = parameters.map((parameter): FilledRequest => {
    const named = { where: `${where}: ${parameter.name}`, method, headers: {}, body: plain }
    switch (parameter.in) {
      case 'path':
        return { ...named, path: filled(template, { ...known, [parameter.name]: text }) }
      case 'query':
        return { ...named, path: `${path}?${new URLSearchParams({ [parameter.name]: text })}` }
      case 'header':
        return { ...named, path, headers: { [parameter.name]: text } }
    }
  })
  const byBody = [...(schema === undefined ? [] : variants(schema, text))].map(
    ([name, body]): FilledRequest => ({ where: `${where}: ${name}`, method, path, headers: {}, body }),
  )
  return [...byParameter, ...byBody]
}

function filled(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''))
}

/** The value again and again, each time with `text` in place of another one of its texts, which is named. */
function* variants(schema: Schema, text: string): Generator<readonly [name: string, value: unknown]> {
  const { type, items, properties = {}, additionalProperties } = schema
  if (type === 'string') yield ['', text]
  if (items !== undefined) for (const [name, value] of variants(items, text)) yield [`[]${name}`, [value]]
  for (const [name, inner] of Object.entries(properties))
    for (const [below, value] of variants(inner, text))
      yield [`${name} ${below}`.trim(), { ...(plausible(schema) as object), [name]: value }]
  if (typeof additionalProperties === 'object') yield ['any name', { [text]: text, generatorURL: text }]
}

/** What may stand there: no more than must. */
function plausible({ type, items, properties = {}, required = [], ...rules }: Schema): unknown {
  switch (type) {
    case undefined:
    case 'object':
      return Object.fromEntries(required.map((name) => [name, plausible(properties[name] ?? {})]))
    case 'string':
      return plausibleText(rules)
    case 'integer':
    case 'number':
      return rules.minimum ?? 1
    case 'boolean':
      return true
    case 'array':
      return items === undefined ? [] : [plausible(items)]
    default:
      throw new Error(`the document has a type that is not known here: ${type}`)
  }
}

function plausibleText({ enum: values, format, pattern = '' }: Schema): unknown {
  if (values !== undefined) return values[0]
  if (format === 'date-time') return '2030-01-01T00:00:00Z'
  return pattern.includes('{64}') ? 'a'.repeat(64) : 'planted'
}
