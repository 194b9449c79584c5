import { generationFault } from './generation.ts'
import { StrictJson } from './strict-json.ts'

/** What stays of the tags of a name that were deleted. Its high water only rises. */
export interface Tombstone {
  /** Of the tag deleted last. */
  readonly generation: string
  /** First number above everything that any of them was ever granted, in any data centre. */
  readonly highWater: number
}

export function printTombstone({ generation, highWater }: Tombstone): string {
  return JSON.stringify({ generation, highWater })
}

/** undefined: the text is no tombstone, so nobody can say where a new tag may begin. */
export function parseTombstone(text: string): Tombstone | undefined {
  const json = new StrictJson()
  const root = json.parse(text)
  if (root === undefined) return undefined
  json.fields('', root, ['generation', 'highWater'])
  const generation = json.text('/generation', root['generation'], generationFault)
  const highWater = json.end('/highWater', root['highWater'])
  if (json.faults.length > 0 || generation === undefined || highWater === undefined) return undefined
  return highWater < 0 ? undefined : { generation, highWater }
}
