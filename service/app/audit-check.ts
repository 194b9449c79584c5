import type { AuditChainHead, AuditReader } from '../ports/audit-reader.ts'
import type { ChainedRecord } from '../ports/audit-sink.ts'
import { CHAIN_START, cutSeal, linkHash } from './audit-chain.ts'
import { BEAT_EVERY_MS } from './audit-trail.ts'

/** What is wrong with a record, or with the end of a chain. */
export interface AuditFault {
  readonly kind: 'changed' | 'missing' | 'out of order' | 'forged' | 'without chain'
  readonly chain: string
  /** Of the first broken record; the rest of its chain is not checked. */
  readonly seq: number
  readonly at: Date | undefined
  readonly text: string
}

export interface AuditCheckOptions {
  readonly reader: AuditReader
  readonly nowMs: number
  readonly key: string | undefined
  /** Begins in the middle of chains: what lies before is taken as given. */
  readonly from: Date | undefined
  readonly to: Date | undefined
  /** Heads of chains from the log: chain to seq and hash. */
  readonly known: ReadonlyMap<string, { readonly seq: number; readonly hash: string }>
  readonly onProgress: (records: number) => void
}

export interface AuditVerdict {
  readonly chains: number
  readonly records: number
  readonly faults: readonly AuditFault[]
  /** Chains that ended without `audit.close`: their process was killed, and what it had not written is missing. */
  readonly unclosed: readonly { readonly chain: string; readonly seq: number; readonly at: Date }[]
}

/** Walks all chains of the audit log, a page of records in memory at a time (docs/decisions/0029). */
export async function checkAudit(options: AuditCheckOptions): Promise<AuditVerdict> {
  const { reader, known, nowMs, to } = options
  const faults: AuditFault[] = []
  const unclosed: { chain: string; seq: number; at: Date }[] = []
  const seen = new Set<string>()
  let chains = 0
  let records = 0
  let chain = await reader.nextChain('')
  while (chain !== undefined && faults.length < FAULTS_MAX) {
    const walk = await walkWhole(options, chain, records)
    records += walk.records
    chains += 1
    if (known.has(chain)) seen.add(chain)
    if (walk.fault !== undefined) faults.push(walk.fault)
    const { last } = walk
    const silent = last !== undefined && nowMs - last.at.getTime() > 2 * BEAT_EVERY_MS
    const open = to === undefined && silent && last.action !== 'audit.close'
    if (open && walk.fault === undefined && unclosed.length < FAULTS_MAX)
      unclosed.push({ chain, seq: last.link?.seq ?? 0, at: last.at })
    chain = await reader.nextChain(chain)
  }
  const whole = chain === undefined
  for (const [name, { seq }] of known)
    if (whole && !seen.has(name) && faults.length < FAULTS_MAX)
      faults.push(
        fault('missing', name, seq, undefined, 'the log names this chain; the database has none of it'),
      )
  const bare = await unchainedFault(reader)
  if (bare !== undefined) faults.push(bare)
  return { chains, records, faults, unclosed }
}

interface Walk {
  readonly records: number
  readonly last: ChainedRecord | undefined
  readonly fault: AuditFault | undefined
}

/** Retention may drop a month while its chain is walked: then the chain is walked once more, from the new cut. */
async function walkWhole(options: AuditCheckOptions, chain: string, before: number): Promise<Walk> {
  const head = await options.reader.head(chain)
  const walk = await walkChain(options, chain, head, before)
  if (walk.fault === undefined) return walk
  const now = await options.reader.head(chain)
  return now?.cutSeq === head?.cutSeq ? walk : walkChain(options, chain, now, before)
}

async function walkChain(
  options: AuditCheckOptions,
  chain: string,
  head: AuditChainHead | undefined,
  before: number,
): Promise<Walk> {
  const { reader, from, to, onProgress } = options
  if (head === undefined) return { records: 0, last: undefined, fault: noHead(chain) }
  const cut = { seq: head.cutSeq, hash: head.cutHash ?? CHAIN_START }
  const odd = await frontFault(reader, chain, head)
  if (odd !== undefined) return { records: 0, last: undefined, fault: odd }
  let place = (from && (await reader.placeBefore(chain, from))) ?? cut
  if (
    place === cut &&
    cut.seq > 0 &&
    head.cutSeal !== cutSeal(chain, cut, options.key) &&
    options.key !== undefined
  )
    return { records: 0, last: undefined, fault: madeUpCut(chain, cut.seq) }
  let last: ChainedRecord | undefined
  let records = 0
  for (;;) {
    // The last record once more: a second one of its number would lie just beyond the page.
    const page = await reader.chainRecords(chain, last === undefined ? place.seq : place.seq - 1, PAGE)
    for (const [i, record] of page.entries()) {
      if (i === 0 && last !== undefined && isSame(record, last)) continue
      const { link, at } = record
      if (link === undefined) return { records, last, fault: noLink(chain, place.seq + 1, at) }
      const found = recordFault(record, place, last, options) ?? headFault(record, chain, head, options)
      if (found !== undefined) return { records, last, fault: found }
      // Not before: one whose date was moved behind the end would hide itself and all that follows.
      if (to !== undefined && at >= to) return { records, last, fault: undefined }
      place = link
      last = record
      records += 1
    }
    onProgress(before + records)
    if (page.length < PAGE) break
  }
  return { records, last, fault: await endFault(options, chain, place, last) }
}

/** What no page would show: records before the place at which a walk begins. */
async function frontFault(
  reader: AuditReader,
  chain: string,
  { seq, cutSeq }: AuditChainHead,
): Promise<AuditFault | undefined> {
  // Retention takes a chain that it dropped whole out of audit_chains, too.
  if (cutSeq >= seq)
    return fault(
      'missing',
      chain,
      seq,
      undefined,
      'audit_chains names it, and says that all of it was dropped',
    )
  const [first] = await reader.chainRecords(chain, Number.MIN_SAFE_INTEGER, 1)
  if (first === undefined) return undefined
  if (first.link === undefined) return noLink(chain, cutSeq + 1, first.at)
  if (first.link.seq > cutSeq) return undefined
  return fault('forged', chain, first.link.seq, first.at, `the chain begins with record ${cutSeq + 1}`)
}

function isSame(one: ChainedRecord, other: ChainedRecord): boolean {
  return one.link?.seq === other.link?.seq && one.at.getTime() === other.at.getTime()
}

function recordFault(
  record: ChainedRecord,
  place: { readonly seq: number; readonly hash: string },
  last: ChainedRecord | undefined,
  { key }: AuditCheckOptions,
): AuditFault | undefined {
  const { link, at } = record
  if (link === undefined) return undefined
  const { chain, seq } = link
  if (seq <= place.seq) return fault('forged', chain, seq, at, `there are two records ${seq}`)
  if (seq > place.seq + 1)
    return fault('missing', chain, place.seq + 1, at, `records ${place.seq + 1} to ${seq - 1} are missing`)
  const follows = link.previousHash === place.hash
  if (linkHash(record, link, key) !== link.hash) {
    if (key !== undefined && linkHash(record, link, undefined) === link.hash)
      return fault('forged', chain, seq, at, 'its hash was made without audit.key')
    return follows
      ? fault('changed', chain, seq, at, 'what it says is not what its hash was made of')
      : fault('out of order', chain, seq, at, 'neither its content nor what it follows belongs to this place')
  }
  if (!follows) return fault('forged', chain, seq, at, 'it does not follow the record before it')
  if (last !== undefined && at < last.at)
    return fault('out of order', chain, seq, at, 'it is older than the record before it')
  return undefined
}

/** What is written down elsewhere about this very place. */
function headFault(
  { link, at }: ChainedRecord,
  chain: string,
  head: AuditChainHead,
  { known }: AuditCheckOptions,
): AuditFault | undefined {
  if (link === undefined) return undefined
  const logged = known.get(chain)
  if (logged?.seq === link.seq && logged.hash !== link.hash)
    return fault('forged', chain, link.seq, at, 'the log names another hash: the chain was made anew')
  if (head.seq === link.seq && head.hash !== link.hash)
    return fault('forged', chain, link.seq, at, 'audit_chains names another hash as the last one')
  return undefined
}

async function endFault(
  { reader, known }: AuditCheckOptions,
  chain: string,
  place: { readonly seq: number },
  last: ChainedRecord | undefined,
): Promise<AuditFault | undefined> {
  // Read again: a process that lives has gone on meanwhile, and its head with it.
  const head = await reader.head(chain)
  const ends = Math.max(known.get(chain)?.seq ?? 0, head?.seq ?? 0)
  const [after] = await reader.chainRecords(chain, place.seq, 1)
  if (after === undefined && place.seq < ends)
    return fault('missing', chain, place.seq + 1, last?.at, `records ${place.seq + 1} to ${ends} are missing`)
  if (head !== undefined && place.seq > head.seq)
    return fault('forged', chain, head.seq + 1, last?.at, `the chain ended with record ${head.seq}`)
  return undefined
}

function noLink(chain: string, seq: number, at: Date): AuditFault {
  return fault('changed', chain, seq, at, 'there is a record of this chain that lacks a part of its link')
}

function madeUpCut(chain: string, seq: number): AuditFault {
  const text = `audit_chains says that retention dropped records 1 to ${seq}, without the seal of audit.key`
  return fault('forged', chain, seq, undefined, text)
}

function noHead(chain: string): AuditFault {
  return fault(
    'forged',
    chain,
    1,
    undefined,
    'there are records of this chain, but audit_chains does not know it',
  )
}

/** Records of an upgrade under way have none; a week after it was begun no process of the release before is left. */
async function unchainedFault(reader: AuditReader): Promise<AuditFault | undefined> {
  const since = new Date((await reader.chainedSince()).getTime() + UPGRADE_MS)
  const { records, last } = await reader.unchained(since)
  if (records === 0) return undefined
  return fault(
    'without chain',
    '',
    0,
    last,
    `${records} records since ${since.toISOString()} belong to no chain`,
  )
}

function fault(
  kind: AuditFault['kind'],
  chain: string,
  seq: number,
  at: Date | undefined,
  text: string,
): AuditFault {
  return { kind, chain, seq, at, text }
}

/** Half a megabyte or so of records. */
const PAGE = 1000
/** Each is the first of its chain; who has read a hundred knows enough. */
const FAULTS_MAX = 100
const UPGRADE_MS = 7 * 86_400_000
