import { generationFault } from './generation.ts'
import { StrictJson } from './strict-json.ts'
import type { NumberSpace } from './tag.ts'
import { readFormatField, sameSpace, spaceRecord } from './tag-record.ts'

/**
 * Who owns a tag's name in all data centres together, and which numbers belong to it. Every database that has the tag
 * must agree with it: two number spaces under one name could hand out one number twice.
 */
export interface RangeClaim extends NumberSpace {
  readonly generation: string
}

export function rangeClaimOf(tag: { readonly generation: string; readonly space: NumberSpace }): RangeClaim {
  return { generation: tag.generation, ...spaceRecord(tag.space) }
}

export function printRangeClaim(claim: RangeClaim): string {
  return JSON.stringify({ generation: claim.generation, ...spaceRecord(claim) })
}

/** undefined: the text is no claim, so nobody can say whose the name is. */
export function parseRangeClaim(text: string): RangeClaim | undefined {
  const json = new StrictJson()
  const root = json.parse(text)
  if (root === undefined) return undefined
  // Only a claim with a format names it, so that one without reads as ever, also in older releases.
  const { format: given, ...numbers } = root
  json.fields('', numbers, ['generation', 'startAt', 'cellSize', 'dcCount'])
  const generation = json.text('/generation', root['generation'], generationFault)
  const startAt = json.integer('/startAt', root['startAt'])
  const cellSize = json.integer('/cellSize', root['cellSize'])
  const dcCount = json.integer('/dcCount', root['dcCount'])
  const format = given === undefined ? undefined : readFormatField(json, '/format', given)
  if (json.faults.length > 0 || generation === undefined || startAt === undefined) return undefined
  return cellSize === undefined || dcCount === undefined
    ? undefined
    : { generation, startAt, cellSize, dcCount, ...(format === undefined ? {} : { format }) }
}

export function sameClaim(a: RangeClaim, b: RangeClaim): boolean {
  return a.generation === b.generation && sameSpace(a, b)
}
