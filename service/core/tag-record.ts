import { ALGORITHMS } from './algorithm.ts'
import { displayNameFault } from './display-name.ts'
import type { FieldFault } from './errors.ts'
import { generationFault } from './generation.ts'
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
 *       "space": { "startAt": 1, "cellSize": 4294967296, "dcCount": 8 }    never changes
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
    space: { startAt: space.startAt, cellSize: space.cellSize, dcCount: space.dcCount },
  }
}

/** Compares what they say, not how it was written: a person's line breaks are no change. */
export function sameRecord(a: TagRecord, b: TagRecord): boolean {
  return printTagRecord(a) === printTagRecord(b)
}

export function sameSpace(a: NumberSpace, b: NumberSpace): boolean {
  return a.startAt === b.startAt && a.cellSize === b.cellSize && a.dcCount === b.dcCount
}

function readRecord(json: StrictJson, text: string): TagRecord | undefined {
  const root = json.parse(text)
  if (root === undefined) return undefined
  json.fields('', root, ['generation', 'displayName', 'chain', 'step', 'space'])
  const generation = json.text('/generation', root['generation'], generationFault)
  const displayName = json.text('/displayName', root['displayName'], displayNameFault)
  const chain = json.choices('/chain', root['chain'], ALGORITHMS)
  const step = readNumbers(json, '/step', root['step'], STEP_FIELDS)
  const space = readNumbers(json, '/space', root['space'], SPACE_FIELDS)
  if (generation === undefined || displayName === undefined || chain === undefined) return undefined
  if (step === undefined || space === undefined) return undefined
  return { generation, displayName, chain, step, space }
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
