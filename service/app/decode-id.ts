import { parseDecimal } from '../core/decimal.ts'
import { IdgenError } from '../core/errors.ts'
import { decodeSnowflake, type SnowflakeLayout } from '../core/snowflake-layout.ts'
import { decodeUuid } from '../core/uuid-text.ts'

/** What can be read off an ID alone. */
export type DecodedId =
  | {
      readonly kind: 'snowflake'
      readonly id: string
      readonly timeMs: number
      readonly dc: number
      readonly worker: number
      readonly sequence: number
      /** Of the layout. */
      readonly version: number
    }
  /** Below 2^53: numbers of segments carry nothing but their order. */
  | { readonly kind: 'segment'; readonly id: string }
  | {
      readonly kind: 'uuid'
      readonly id: string
      readonly version: number
      readonly timeMs: number | undefined
    }

/** @throws IDGEN_ID_MALFORMED with what was given */
export function decodeId(text: string, layout: SnowflakeLayout): DecodedId {
  const uuid = decodeUuid(text)
  if (uuid !== undefined)
    return { kind: 'uuid', id: text.toLowerCase(), version: uuid.version, timeMs: uuid.timeMs }
  const number = parseDecimal(text)
  if (number === undefined) throw malformed(text, 'write a decimal number from 0 to 2^63 - 1 or a UUID')
  if (number.hi < HI_OF_SEGMENT_LIMIT) return { kind: 'segment', id: text }
  const decoded = decodeSnowflake(layout, number.hi, number.lo)
  if (decoded === undefined) throw malformed(text, 'it is beyond what the snowflake layout can hold')
  return { kind: 'snowflake', id: text, ...decoded }
}

/** 2^53 has no low bits set, so comparing the upper word is enough. */
const HI_OF_SEGMENT_LIMIT = 2 ** 21

function malformed(text: string, why: string): IdgenError {
  return new IdgenError(
    'IDGEN_ID_MALFORMED',
    `${JSON.stringify(text.slice(0, 80))} is not an ID of idgen: ${why}.`,
  )
}
