import { isMap, isScalar, type Pair, parse, parseDocument, type YAMLMap } from 'yaml'

/** One key of a chart's values.yaml, as its comment describes it. */
export interface ChartValue {
  /** From the top, for example ['image', 'tag']. */
  readonly path: readonly string[]
  readonly description: string
  /** The heading that it stands below; the same for a whole part of the file. */
  readonly section: string
  /** As written, comments aside. */
  readonly preset: unknown
  /** What its comment allows beyond, or instead of, the type of the default. */
  readonly schema: Readonly<Record<string, unknown>>
  /** Keys below it; undefined: a value as a whole, free-form where it is a map. */
  readonly children: readonly ChartValue[] | undefined
}

/**
 * Reads values.yaml. A comment above a key is its description; a line "@schema {…}" in it adds to the schema, a line
 * "@section …" begins a part. A map with a comment anywhere in it is fixed, every other map is free-form.
 * @throws Error for a key without a description, naming it
 */
export function chartValues(text: string): readonly ChartValue[] {
  const { contents, errors } = parseDocument(text)
  if (errors[0] !== undefined) throw new Error(`values.yaml: ${errors[0].message}`)
  if (!isMap(contents)) throw new Error('values.yaml must be a map')
  return valuesOf(contents, [], { section: '' })
}

function valuesOf(map: YAMLMap, path: readonly string[], place: { section: string }): ChartValue[] {
  return map.items.map((pair, i) => {
    // The parser hands the comment of a map's first key to the map.
    const comment = commentOf(pair) ?? (i === 0 ? map.commentBefore : undefined) ?? ''
    const { description, schema, section } = readComment(comment)
    if (section !== undefined) place.section = section
    const here = [...path, keyOf(pair)]
    const { value } = pair
    const fixed = isMap(value) && isFixed(value)
    if (description === '' && !fixed) throw new Error(`values.yaml: ${here.join('.')} has no description`)
    return {
      path: here,
      description,
      section: place.section,
      preset: (value as { toJSON(): unknown }).toJSON(),
      schema,
      children: fixed ? valuesOf(value, here, place) : undefined,
    }
  })
}

/** Of the last paragraph: what stands above it is about the file. */
function readComment(comment: string): Pick<ChartValue, 'description' | 'schema'> & { section?: string } {
  const lines = (comment.split(/\n[ \t]*\n/).at(-1) ?? '').split('\n').map((line) => line.trim())
  const marked = (mark: string): string | undefined =>
    lines.find((line) => line.startsWith(mark))?.slice(mark.length)
  const schema = (parse(marked('@schema ') ?? '{}') ?? {}) as Record<string, unknown>
  const section = marked('@section ')
  const description = lines.filter((line) => !line.startsWith('@')).join(' ')
  return section === undefined ? { description, schema } : { description, schema, section }
}

function isFixed(map: YAMLMap): boolean {
  if (typeof map.commentBefore === 'string' || map.items.some((pair) => commentOf(pair) !== undefined))
    return true
  return map.items.some(({ value }) => isMap(value) && isFixed(value))
}

function commentOf({ key }: Pair): string | undefined {
  return isScalar(key) ? (key.commentBefore ?? undefined) : undefined
}

function keyOf({ key }: Pair): string {
  if (!isScalar(key) || typeof key.value !== 'string')
    throw new Error(`values.yaml: the key ${String(key)} is no text`)
  return key.value
}

/** All of them, each before those below it. */
export function flatten(values: readonly ChartValue[]): ChartValue[] {
  return values.flatMap((value) => [value, ...flatten(value.children ?? [])])
}
