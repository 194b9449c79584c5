import { type ChartValue, chartValues } from './chart-values.ts'

type Schema = Readonly<Record<string, unknown>>

/** values.schema.json: what helm refuses. Strict, so that a misspelt value is told and not passed over in silence. */
export function chartSchema(valuesText: string): string {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $comment: 'Made by `make generate` from values.yaml. Do not edit.',
    ...objectOf(chartValues(valuesText)),
  }
  return `${JSON.stringify(schema, undefined, 2)}\n`
}

function objectOf(values: readonly ChartValue[]): Schema {
  const properties = Object.fromEntries(values.map((value) => [value.path.at(-1) ?? '', schemaOf(value)]))
  return { type: 'object', additionalProperties: false, properties }
}

function schemaOf({ children, description, preset, schema }: ChartValue): Schema {
  const shape = children === undefined ? { type: typeOf(preset) } : objectOf(children)
  return { ...(description === '' ? {} : { description }), ...shape, ...schema }
}

function typeOf(preset: unknown): string {
  if (Array.isArray(preset)) return 'array'
  if (typeof preset === 'number') return Number.isInteger(preset) ? 'integer' : 'number'
  // One that may be null says so in its @schema.
  return preset === null ? 'null' : typeof preset
}
