import { ALGORITHMS } from './algorithm.ts'
import { displayNameFault } from './display-name.ts'
import type { FieldFault } from './errors.ts'
import { generationFault } from './generation.ts'
import { canonicalFormat, type IdFormat, readFormat, sameFormat } from './id-format.ts'
import { StrictJson } from './strict-json.ts'
import { type NumberSpace, type StepBounds, type Tag, tagFaults } from './tag.ts'

/**
 * A tag as its configuration key in etcd has it: what a person may edit there, and beside it what must stay
 * as it is in every database.
 *
 *     {
 *       "generation": "0f…",                                               never changes
 *       "displayName": "Orders",                                           ┐
 *       "chain": ["segment", "snowflake"],                                 │ may be edited
 *       "step": { "base": 1000, "min": 100, "max": 1000000 },              ┘
 *       "space": { "startAt": 1, "cellSize": 4294967296, "dcCount": 8 }    never changes; "format" where there is one
 *     }
 */
export interface TagRecord {
  readonly generation: string
  readonly displayName: string
  readonly chain: Tag['chain']
  readonly step: StepBounds
  readonly space: NumberSpace
}

export type ParsedTagRecord = { readonly record: TagRecord } | { readonly faults: readonly FieldFault[] }

/** Every fault at once; what comes back without one could have been made through the API. */
export function parseTagRecord(text: string): ParsedTagRecord {
  const json = new StrictJson()
  const record = readRecord(json, text)
  if (record === undefined || json.faults.length > 0) return { faults: json.faults }
  const faults = tagFaults(record)
  return faults.length > 0 ? { faults } : { record }
}

/** On several lines, for the person who opens it with an editor. */
export function printTagRecord(record: TagRecord): string {
  return JSON.stringify(recordOf(record), undefined, 2)
}

/** The record's fields alone, in their order, of a tag or of a record. */
export function recordOf(from: TagRecord): TagRecord {
  const { generation, displayName, chain, step, space } = from
  return {
    generation,
    displayName,
    chain: [...chain],
    step: { base: step.base, min: step.min, max: step.max },
    space: spaceRecord(space),
  }
}

/** The fields of a number space alone, in their order. */
export function spaceRecord({ startAt, cellSize, dcCount, format }: NumberSpace): NumberSpace {
  return { startAt, cellSize, dcCount, ...(format === undefined ? {} : { format: canonicalFormat(format) }) }
}

/** Compares what they say, not how it was written: a person's line breaks are no change. */
export function sameRecord(a: TagRecord, b: TagRecord): boolean {
  return printTagRecord(a) === printTagRecord(b)
}

export function sameSpace(a: NumberSpace, b: NumberSpace): boolean {
  const same = a.startAt === b.startAt && a.cellSize === b.cellSize && a.dcCount === b.dcCount
  return same && sameFormat(a.format, b.format)
}

function readRecord(json: StrictJson, text: string): TagRecord | undefined {
  const root = json.parse(text)
  if (root === undefined) return undefined
  json.fields('', root, ['generation', 'displayName', 'chain', 'step', 'space'])
  const generation = json.text('/generation', root['generation'], generationFault)
  const displayName = json.text('/displayName', root['displayName'], displayNameFault)
  const chain = json.choices('/chain', root['chain'], ALGORITHMS)
  const step = readNumbers(json, '/step', root['step'], STEP_FIELDS)
  const space = readSpace(json, root['space'])
  if (generation === undefined || displayName === undefined || chain === undefined) return undefined
  if (step === undefined || space === undefined) return undefined
  return { generation, displayName, chain, step, space }
}

/** Only a space with a format names it: so a record without one reads as ever, also in older releases. */
function readSpace(json: StrictJson, value: unknown): NumberSpace | undefined {
  const object = json.object('/space', value)
  if (object === undefined) return undefined
  const { format, ...numbers } = object
  const space = readNumbers(json, '/space', numbers, SPACE_FIELDS)
  if (format === undefined) return space
  const read = readFormatField(json, '/space/format', format)
  return space === undefined || read === undefined ? undefined : { ...space, format: read }
}

/** Told in `json.faults`; undefined when there are any. */
export function readFormatField(json: StrictJson, path: string, value: unknown): IdFormat | undefined {
  const read = readFormat(path, value)
  if ('format' in read) return read.format
  json.faults.push(...read.faults)
  return undefined
}

const STEP_FIELDS = ['base', 'min', 'max'] as const
const SPACE_FIELDS = ['startAt', 'cellSize', 'dcCount'] as const

/** An object of these integers; undefined with every fault told. */
function readNumbers<Name extends string>(
  json: StrictJson,
  path: string,
  value: unknown,
  names: readonly Name[],
): Readonly<Record<Name, number>> | undefined {
  const object = json.object(path, value)
  if (object === undefined) return undefined
  json.fields(path, object, names)
  const pairs = names.map((name) => [name, json.integer(`${path}/${name}`, object[name])] as const)
  if (pairs.some(([, number]) => number === undefined)) return undefined
  return Object.fromEntries(pairs) as Record<Name, number>
}
