import { CHAIN_START, linkHash } from './audit-chain.ts'
import { BEAT_EVERY_MS } from './audit-trail.ts'
import { type LinedRecord, recordOfLine } from './recorded-line.ts'

/** What is wrong with a line of audit.file, or with what should be there. */
export interface AuditFileFault {
  readonly kind: 'cut' | 'changed' | 'missing' | 'out of order' | 'restarted' | 'forged'
  /** `file:line`; of a record that is missing: behind which it should be. */
  readonly where: string
  /** undefined where the line does not say it. */
  readonly chain: string | undefined
  readonly seq: number | undefined
  readonly text: string
}

export interface AuditFileVerdict {
  readonly chains: number
  readonly records: number
  /** The first hundred. */
  readonly faults: readonly AuditFileFault[]
  /** What begins behind its first record: the rest is in an earlier file, or was taken out. */
  readonly begun: readonly { readonly chain: string; readonly seq: number }[]
  /** Chains that ended without `audit.close`: their process was killed, or goes on in a later file. */
  readonly unclosed: readonly { readonly chain: string; readonly seq: number; readonly at: Date }[]
}

export interface AuditFileCheckOptions {
  readonly nowMs: number
  readonly key: string | undefined
  /** Heads of chains from the log: chain to seq and hash. */
  readonly known: ReadonlyMap<string, { readonly seq: number; readonly hash: string }>
}

/** Records that have not come, between two that have. */
interface Gap {
  readonly from: number
  readonly to: number
  readonly where: string
}

interface ChainState {
  last: LinedRecord
  where: string
  gaps: Gap[]
}

/**
 * Checks audit.file line by line (docs/audit.md): unlike the table it has every record in its place, and nothing else. It goes on
 * behind a fault, for one that is missing may only not have been written. Memory grows with chains and gaps, not with lines.
 *
 *     1 ─▶ 2 ─▶ [3 4] ─▶ 5     4 comes later: out of order; 3 never does: missing
 */
export class AuditFileCheck {
  readonly #options: AuditFileCheckOptions
  readonly #chains = new Map<string, ChainState>()
  readonly #faults: AuditFileFault[] = []
  #records = 0

  constructor(options: AuditFileCheckOptions) {
    this.#options = options
  }

  get records(): number {
    return this.#records
  }

  /** Nothing more is learnt from further lines. */
  get isHopeless(): boolean {
    return this.#faults.length >= FAULTS_MAX || this.#chains.size >= CHAINS_MAX
  }

  /** A line without its end; files and lines in the order in which they were written. `where`: for people. */
  line(text: string, where: string): void {
    // Stands after a write that failed, before the next one.
    if (text === '') return
    const record = recordOfLine(text)
    if (record === 'cut')
      return this.#fault(
        'cut',
        where,
        undefined,
        'it is no whole line: it was cut, or its write failed half-way',
      )
    if (record === 'other')
      return this.#fault(
        'changed',
        where,
        undefined,
        'it is no record of a chain: a part of it is gone, or was never there',
      )
    this.#records += 1
    this.#placed(record, where)
    const odd = this.#odd(record)
    if (odd !== undefined) this.#fault(odd.kind, where, record, odd.text)
  }

  end(): AuditFileVerdict {
    const { nowMs, known } = this.#options
    const begun: { chain: string; seq: number }[] = []
    const unclosed: { chain: string; seq: number; at: Date }[] = []
    for (const [chain, { last, where, gaps }] of this.#chains) {
      for (const gap of gaps)
        if (gap.from === 1) begun.push({ chain, seq: gap.to + 1 })
        else this.#missing(chain, gap)
      const ends = known.get(chain)?.seq ?? 0
      if (ends > last.link.seq) this.#missing(chain, { from: last.link.seq + 1, to: ends, where })
      const silent = nowMs - last.at.getTime() > 2 * BEAT_EVERY_MS
      if (silent && last.action !== 'audit.close') unclosed.push({ chain, seq: last.link.seq, at: last.at })
    }
    for (const [chain, { seq }] of known)
      if (!this.#chains.has(chain)) this.#missing(chain, { from: 1, to: seq, where: 'nowhere' })
    return {
      chains: this.#chains.size,
      records: this.#records,
      faults: this.#faults,
      begun: begun.slice(0, FAULTS_MAX),
      unclosed: unclosed.slice(0, FAULTS_MAX),
    }
  }

  /** Finds its place among those of its chain. */
  #placed(record: LinedRecord, where: string): void {
    const { chain, seq, previousHash } = record.link
    const state = this.#chains.get(chain)
    const begins = previousHash === CHAIN_START
    if (seq === 1 && !begins)
      this.#fault('forged', where, record, 'it is the first record, and follows another')
    if (seq > 1 && begins)
      this.#fault('forged', where, record, 'it follows nothing, and is not the first record')
    if (state === undefined) {
      const gaps = seq === 1 ? [] : [{ from: 1, to: seq - 1, where }]
      this.#chains.set(chain, { last: record, where, gaps })
      return
    }
    const { last } = state
    if (seq <= last.link.seq) return this.#earlier(state, record, where)
    if (seq > last.link.seq + 1) state.gaps.push({ from: last.link.seq + 1, to: seq - 1, where: state.where })
    else if (previousHash !== last.link.hash)
      this.#fault('forged', where, record, 'it does not follow the record before it')
    if (record.at < last.at)
      this.#fault('out of order', where, record, 'it is older than the record before it')
    state.last = record
    state.where = where
  }

  /** A number that is passed: one that was missed, or a second one. */
  #earlier(state: ChainState, record: LinedRecord, where: string): void {
    const { seq, previousHash } = record.link
    const last = state.last.link.seq
    const at = state.gaps.findIndex(({ from, to }) => from <= seq && seq <= to)
    const gap = state.gaps[at]
    if (gap !== undefined) {
      this.#fault('out of order', where, record, `it stands behind record ${last}`)
      const rest = [
        { ...gap, to: seq - 1 },
        { ...gap, from: seq + 1 },
      ]
      state.gaps.splice(at, 1, ...rest.filter(({ from, to }) => from <= to))
      return
    }
    if (seq > 1 || previousHash !== CHAIN_START)
      return this.#fault('forged', where, record, `there are two records ${seq}`)
    this.#fault('restarted', where, record, `its chain begins anew behind record ${last}`)
    state.last = record
    state.where = where
  }

  #odd(record: LinedRecord): Pick<AuditFileFault, 'kind' | 'text'> | undefined {
    const { key, known } = this.#options
    const { link } = record
    if (linkHash(record, link, key) !== link.hash)
      return key !== undefined && linkHash(record, link, undefined) === link.hash
        ? { kind: 'forged', text: 'its hash was made without audit.key' }
        : { kind: 'changed', text: 'what it says is not what its hash was made of' }
    if (!record.isAsWritten)
      return { kind: 'changed', text: 'it says the same otherwise than the service writes it, or more' }
    const logged = known.get(link.chain)
    return logged?.seq === link.seq && logged.hash !== link.hash
      ? { kind: 'forged', text: 'the log names another hash: the chain was made anew' }
      : undefined
  }

  #missing(chain: string, { from, to, where }: Gap): void {
    const records = from === to ? `record ${from} is` : `records ${from} to ${to} are`
    this.#fault(
      'missing',
      where,
      { link: { chain, seq: from } },
      `${records} missing behind it: taken out, or never written (idgen_audit_file_missed_total)`,
    )
  }

  #fault(
    kind: AuditFileFault['kind'],
    where: string,
    record: { readonly link: { readonly chain: string; readonly seq: number } } | undefined,
    text: string,
  ): void {
    if (this.#faults.length >= FAULTS_MAX) return
    this.#faults.push({ kind, where, chain: record?.link.chain, seq: record?.link.seq, text })
  }
}

/** Who has read a hundred knows enough. */
const FAULTS_MAX = 100
/** Some 50 MB of memory, and more starts of processes than a file of years has. */
const CHAINS_MAX = 100_000
