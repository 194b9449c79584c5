import { authorize } from '../app/authenticator.ts'
import { refuseTwice, type WantedTag } from '../app/manage-tag-batches.ts'
import { parseTagPath } from '../app/tag-directory.ts'
import { ALGORITHMS } from '../core/algorithm.ts'
import { IdgenError } from '../core/errors.ts'
import { type RowResult, rowResult } from '../core/row-result.ts'
import { tagPath } from '../core/tag.ts'
import { formatFieldsOfPairs, formatOfFields } from './format-fields.ts'
import type { Member } from './visit.ts'

/** A line, and the tag that it asks for, or why not. */
export interface ReadLine {
  readonly line: string
  readonly wanted: RowResult<WantedTag>
}

export function readLines(member: Member, lines: readonly string[]): ReadLine[] {
  const named = new Set<string>()
  return lines.map((line) => ({
    line,
    wanted: rowResult(() => {
      const wanted = wantedOf(line)
      const path = tagPath(wanted.ref)
      authorize(member.caller, 'manage', path)
      refuseTwice(named, path)
      return wanted
    }),
  }))
}

/** `workspace/group/tag`, then maybe an algorithm, a step, and fields of a format, with commas or blanks between. */
export function wantedOf(line: string): WantedTag {
  const words = line.split(/[\s,]+/)
  const [path = '', algorithm, step, ...rest] = words.filter((word) => !word.includes('='))
  const fields = formatFieldsOfPairs(words.filter((word) => word.includes('=')))
  const known = ALGORITHMS.find((one) => one === algorithm)
  if (
    fields === undefined ||
    rest.length > 0 ||
    (algorithm !== undefined && algorithm !== '' && known === undefined)
  )
    throw invalid(
      '/line',
      `must be workspace/group/tag, then one of ${ALGORITHMS.join(', ')}, a step, and fields of a format such as prefix=INV-; not ${JSON.stringify(line.slice(0, 100))}`,
    )
  if (step !== undefined && !/^\d{1,9}$/.test(step))
    throw invalid('/step', `must be a whole number, not ${JSON.stringify(step.slice(0, 40))}`)
  const format = formatOfFields(fields)
  return {
    ref: parseTagPath(path),
    request: {
      algorithm: known,
      ...(step !== undefined && { step: { base: Number(step) } }),
      ...(format !== undefined && { space: { format } }),
    },
  }
}

/** As a fault of a field, so that there are words for it in the language of the page. */
function invalid(path: string, message: string): IdgenError {
  return new IdgenError('IDGEN_REQUEST_INVALID', `${path} ${message}.`, { faults: [{ path, message }] })
}
