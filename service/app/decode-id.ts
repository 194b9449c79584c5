import { decimalText, parseDecimal } from '../core/decimal.ts'
import { IdgenError } from '../core/errors.ts'
import { layoutOf } from '../core/id-format.ts'
import { printerOf } from '../core/id-printer.ts'
import { shownSpace } from '../core/shown-space.ts'
import { decodeSnowflake, type SnowflakeLayout } from '../core/snowflake-layout.ts'
import { type Tag, tagPath } from '../core/tag.ts'
import { decodeOfLayout, type TagLayout } from '../core/tag-layout.ts'
import { decodeUuid } from '../core/uuid-text.ts'

/** What can be read off an ID alone, and of an ID in a format together with its tag. */
export type DecodedId =
  | {
      readonly kind: 'snowflake'
      readonly id: string
      readonly timeMs: number
      readonly dc: number
      readonly worker: number
      readonly sequence: number
      /** Of the layout; 0: the tag's own. */
      readonly version: number
    }
  /** Below 2^53: numbers of segments carry nothing but their order, and in a format with reset their date. */
  | { readonly kind: 'segment'; readonly id: string; readonly date?: string }
  | {
      readonly kind: 'uuid'
      readonly id: string
      readonly version: number
      readonly timeMs: number | undefined
    }

/** @throws IDGEN_ID_MALFORMED with what was given */
export function decodeId(text: string, layout: SnowflakeLayout): DecodedId {
  const uuid = uuidOf(text)
  if (uuid !== undefined) return uuid
  const number = parseDecimal(text)
  if (number === undefined)
    throw malformed(
      text,
      `write a decimal number from 0 to 2^63 - 1 or a UUID; a text that a tag's format wrote is read together with its tag (tag=workspace/group/tag of GET /v1/ids/{id}, --tag of idgen id decode, "Its tag" of the pages)`,
    )
  if (number.hi < HI_OF_SEGMENT_LIMIT) return { kind: 'segment', id: text }
  const decoded = decodeSnowflake(layout, number.hi, number.lo)
  if (decoded === undefined) throw malformed(text, 'it is beyond what the snowflake layout can hold')
  return { kind: 'snowflake', id: text, ...decoded }
}

function uuidOf(text: string): DecodedId | undefined {
  const uuid = decodeUuid(text)
  return uuid && { kind: 'uuid', id: text.toLowerCase(), version: uuid.version, timeMs: uuid.timeMs }
}

/** 2^53 has no low bits set, so comparing the upper word is enough. */
const HI_OF_SEGMENT_LIMIT = 2 ** 21

function malformed(text: string, why: string): IdgenError {
  return new IdgenError(
    'IDGEN_ID_MALFORMED',
    `${JSON.stringify(text.slice(0, 80))} is not an ID of idgen: ${why}.`,
  )
}

/**
 * The same of the text that a tag's format writes: `id` is then the number behind it, in decimal.
 * @throws IDGEN_ID_MALFORMED for what the tag never writes
 */
export function decodeOfTag(text: string, tag: Tag, layout: SnowflakeLayout): DecodedId {
  const printer = printerOf(tag.space)
  const own = layoutOf(tag.space.format)
  if (printer === undefined) return own === undefined ? decodeId(text, layout) : decodeOfOwnLayout(text, own)
  const number = printer.parse(text)
  if (number === undefined)
    throw malformed(
      text,
      `${tagPath(tag)} does not write its IDs so (${JSON.stringify(shownSpace(tag.space).format)})`,
    )
  const decimal = decimalText(number.hi, number.lo)
  if (own !== undefined) return decodeOfOwnLayout(decimal, own)
  const decoded = decodeId(decimal, layout)
  const date = printer.dateOf(number)
  return decoded.kind === 'segment' && date !== undefined ? { ...decoded, date } : decoded
}

/**
 * The same of a number that a tag with this layout gave.
 * @throws IDGEN_ID_MALFORMED
 */
export function decodeOfOwnLayout(text: string, layout: TagLayout): DecodedId {
  const uuid = uuidOf(text)
  if (uuid !== undefined) return uuid
  const number = parseDecimal(text)
  if (number === undefined) throw malformed(text, 'write a decimal number from 0 to 2^63 - 1 or a UUID')
  const decoded = decodeOfLayout(layout, number)
  if (decoded === undefined) throw malformed(text, "it is beyond what the tag's layout can hold")
  return { kind: 'snowflake', id: text, ...decoded, version: OWN_LAYOUT }
}

/** The version of a layout that is a tag's own. */
const OWN_LAYOUT = 0
