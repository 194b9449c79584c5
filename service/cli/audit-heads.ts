import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { IdgenError } from '../core/errors.ts'

export type AuditHeads = ReadonlyMap<string, { readonly seq: number; readonly hash: string }>

/**
 * The heads of audit chains out of log files of idgen: the latest line of each chain. Lines that name none are passed
 * over, so that whole logs can be given. @throws IDGEN_REQUEST_INVALID
 */
export async function readAuditHeads(path: string): Promise<AuditHeads> {
  const heads = new Map<string, { readonly seq: number; readonly hash: string }>()
  try {
    for await (const line of createInterface({ input: createReadStream(path) })) {
      const head = headOf(line)
      if (head === undefined || (heads.get(head.chain)?.seq ?? 0) >= head.seq) continue
      heads.set(head.chain, head)
      if (heads.size > CHAINS_MAX) throw new Error(`it names more than ${CHAINS_MAX} chains: give less of it`)
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new IdgenError('IDGEN_REQUEST_INVALID', `The heads cannot be read from ${path}: ${why}.`)
  }
  if (heads.size === 0)
    throw new IdgenError(
      'IDGEN_REQUEST_INVALID',
      `${path} names no head of an audit chain: give a log of idgen with lines "audit chain head" or "audit chain closed".`,
    )
  return heads
}

function headOf(line: string): { chain: string; seq: number; hash: string } | undefined {
  if (!line.includes('audit chain ')) return undefined
  try {
    const { chain, seq, hash } = JSON.parse(line) as Record<string, unknown>
    if (typeof chain !== 'string' || typeof hash !== 'string' || !Number.isSafeInteger(seq)) return undefined
    return { chain, seq: Number(seq), hash }
  } catch {
    return undefined
  }
}

/** Some 20 MB of memory, and more starts of processes than a log of years has. */
const CHAINS_MAX = 100_000
