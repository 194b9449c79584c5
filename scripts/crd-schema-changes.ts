/** What the comparison reads of an OpenAPI schema in a CustomResourceDefinition. */
export interface Schema {
  readonly type?: string
  readonly format?: string
  readonly pattern?: string
  readonly enum?: readonly unknown[]
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly default?: unknown
  readonly nullable?: boolean
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string }[]
  readonly [keyword: string]: unknown
}

/** A break makes objects, or programs, of the released form fail; what is to be reviewed may do so. */
export interface Changes {
  readonly breaks: string[]
  readonly review: string[]
}

/** Everything that an object of the released schema, or a program that was made from it, would notice. */
export function compareSchemas(path: string, was: Schema, now: Schema, changes: Changes): void {
  const { breaks, review } = changes
  for (const keyword of FIXED)
    if (!same(was[keyword], now[keyword]))
      breaks.push(`${path}: ${keyword} was ${print(was[keyword])} and is ${print(now[keyword])}`)
  compareValues(path, was, now, changes)
  for (const [keyword, isTighter] of BOUNDS) {
    const [before, after] = [was[keyword], now[keyword]]
    if (typeof after === 'number' && (typeof before !== 'number' || isTighter(before, after)))
      breaks.push(`${path}: ${keyword} was ${print(before)} and is ${after}; objects may lie outside`)
  }
  for (const keyword of COMBINED)
    if (now[keyword] !== undefined && !same(was[keyword], now[keyword]))
      review.push(`${path}: ${keyword} is another`)
  const known = new Set(was['x-kubernetes-validations']?.map(({ rule }) => rule))
  for (const { rule } of now['x-kubernetes-validations'] ?? [])
    if (!known.has(rule)) review.push(`${path}: a new rule, which objects may not fulfil: ${rule}`)
  compareFields(path, was, now, changes)
}

function compareValues(path: string, was: Schema, now: Schema, { breaks, review }: Changes): void {
  if (now.pattern !== undefined && now.pattern !== was.pattern)
    breaks.push(`${path}: pattern was ${print(was.pattern)} and is ${now.pattern}; texts may not match`)
  if (now.enum !== undefined && was.enum === undefined)
    breaks.push(`${path}: any value was allowed, now an enum`)
  const gone = was.enum?.filter((value) => now.enum !== undefined && !now.enum.includes(value)) ?? []
  if (gone.length > 0) breaks.push(`${path}: the enum lost ${gone.map(print).join(', ')}`)
  if (was.nullable === true && now.nullable !== true) breaks.push(`${path}: null was allowed`)
  for (const keyword of OPEN)
    if (was[keyword] === true && now[keyword] !== true) breaks.push(`${path}: ${keyword} is gone`)
  if (was.default !== undefined && now.default === undefined)
    breaks.push(`${path}: the default ${print(was.default)} is gone, and what reads the field finds none`)
  else if (!same(was.default, now.default))
    review.push(`${path}: the default was ${print(was.default)} and is ${print(now.default)}`)
}

function compareFields(path: string, was: Schema, now: Schema, changes: Changes): void {
  const keepsAll = now['x-kubernetes-preserve-unknown-fields'] === true
  for (const [name, field] of Object.entries(was.properties ?? {})) {
    const after = now.properties?.[name]
    if (after !== undefined) compareSchemas(`${path}.${name}`, field, after, changes)
    else if (!keepsAll) changes.breaks.push(`${path}.${name}: the field is gone`)
  }
  for (const name of now.required ?? []) {
    const wasRequired = was.required?.includes(name) === true
    if (!wasRequired && now.properties?.[name]?.default === undefined)
      changes.breaks.push(`${path}.${name}: is required now and has no default`)
  }
  compareInner(`${path}[]`, was.items, now.items, changes)
  compareInner(`${path}.*`, was.additionalProperties, now.additionalProperties, changes)
}

function compareInner(
  path: string,
  was: Schema | boolean | undefined,
  now: Schema | boolean | undefined,
  changes: Changes,
): void {
  if (typeof was === 'object' && typeof now === 'object') compareSchemas(path, was, now, changes)
  else if (was !== undefined && was !== now) changes.breaks.push(`${path}: was described and is not any more`)
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function print(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value)
}

/** A change of these is never harmless: readers, or managers of fields, go by them. */
const FIXED = [
  'type',
  'format',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
] as const

/** May be set, never taken away. */
const OPEN = ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-int-or-string'] as const

const COMBINED = ['anyOf', 'allOf', 'oneOf', 'not'] as const

type IsTighter = (was: number, now: number) => boolean
const higher: IsTighter = (was, now) => now > was
const lower: IsTighter = (was, now) => now < was
const BOUNDS: readonly (readonly [string, IsTighter])[] = [
  ['minimum', higher],
  ['minLength', higher],
  ['minItems', higher],
  ['minProperties', higher],
  ['maximum', lower],
  ['maxLength', lower],
  ['maxItems', lower],
  ['maxProperties', lower],
  ['multipleOf', (was, now) => was % now !== 0],
]
