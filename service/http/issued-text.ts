import { ALGORITHMS, type AlgorithmName } from '../core/algorithm.ts'
import { decimalText } from '../core/decimal.ts'
import { type IdBatch, UUID_BYTES } from '../core/id-batch.ts'
import { writtenTexts } from '../core/id-printer.ts'
import { uuidText } from '../core/uuid-text.ts'
import { numberList } from './number-list.ts'

/** How a caller wants IDs: decimal or UUID strings, JSON numbers, or `[first, count]` pairs. */
export const ISSUE_FORMS = ['text', 'number', 'runs'] as const
export type IssueForm = (typeof ISSUE_FORMS)[number]

/** The JSON of an answer, by hand: names and digits need no escaping, and this is the path of every ID. */
export function issuedJson(batch: IdBatch, form: IssueForm): string {
  const tail = TAILS[batch.algorithm][batch.degraded ? 1 : 0]
  if (form === 'runs') return `{"runs":[${runsJson(batch)}]${tail}`
  if (form === 'number') return `{"ids":[${numbersJson(batch)}]${tail}`
  if (batch.printer !== undefined && batch.runCount > 0)
    return `{"ids":["${writtenTexts(batch, batch.printer).join('","')}"]${tail}`
  if (batch.count === 1) return `{"ids":["${onlyText(batch)}"]${tail}`
  if (batch.runCount > 0) return `{"ids":[${numberList(batch)}]${tail}`
  return `{"ids":["${uuidTexts(batch).join('","')}"]${tail}`
}

/** What follows the IDs, ready made for every algorithm: [as wanted, degraded]. */
const TAILS = Object.fromEntries(
  ALGORITHMS.map((name) => [name, [tailOf(name, false), tailOf(name, true)]]),
) as Record<AlgorithmName, [string, string]>

function tailOf(algorithm: AlgorithmName, degraded: boolean): string {
  return `,"algorithm":"${algorithm}","degraded":${degraded}}`
}

function onlyText(batch: IdBatch): string {
  return batch.runCount === 1 ? decimalText(batch.runHi(0), batch.runLo(0)) : uuidText(batch.uuidBytes())
}

function uuidTexts(batch: IdBatch): string[] {
  const out: string[] = []
  const bytes = batch.uuidBytes()
  for (let at = 0; at < bytes.length; at += UUID_BYTES) out.push(uuidText(bytes, at))
  return out
}

/** Only for values below 2^53: a double is exact there. */
function numbersJson(batch: IdBatch): string {
  const out: number[] = []
  for (let run = 0; run < batch.runCount; run += 1) {
    const first = batch.runHi(run) * 2 ** 32 + batch.runLo(run)
    for (let i = 0; i < batch.runLength(run); i += 1) out.push(first + i)
  }
  return out.join(',')
}

function runsJson(batch: IdBatch): string {
  const out: string[] = []
  for (let run = 0; run < batch.runCount; run += 1)
    out.push(`["${decimalText(batch.runHi(run), batch.runLo(run))}",${batch.runLength(run)}]`)
  return out.join(',')
}
