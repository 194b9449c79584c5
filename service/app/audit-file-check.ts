import { IdgenError } from '../core/errors.ts'
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
  /** The line of the hundredth, behind which nothing was looked at; undefined: all lines were. */
  readonly stoppedAt: string | undefined
  /** What begins behind its first record: the rest is in an earlier file, or was taken out. */
  readonly begun: readonly { readonly chain: string; readonly seq: number }[]
  /** Chains that ended without `audit.close`: their process was killed, or goes on in a later file. */
  readonly unclosed: readonly { readonly chain: string; readonly seq: number; readonly at: Date }[]
  /** Nodes of the log that wrote nothing here, and their chains: these were not checked. */
  readonly elsewhere: { readonly chains: number; readonly nodes: readonly string[] }
}

export interface AuditFileCheckOptions {
  readonly nowMs: number
  readonly key: string | undefined
  /** Heads of chains from the log, which may be that of all processes: chain to seq and hash. */
  readonly known: ReadonlyMap<string, { readonly seq: number; readonly hash: string }>
  /** For tests. */
  readonly chainsMax?: number
  readonly gapsMax?: number
}

/** Records that have not come, between two that have. */
interface Gap {
  readonly from: number
  readonly to: number
  readonly where: string
}

/** Of the latest record, without what it says: that may be long. */
interface ChainState {
  seq: number
  hash: string
  at: Date
  isClosed: boolean
  where: string
  gaps: Gap[]
}

/**
 * Checks audit.file line by line (docs/audit.md): unlike the table it has every record in its place, and nothing else. It goes on
 * behind a fault, for one that is missing may only not have been written. Memory grows with chains and gaps, not with lines, and
 * both are bounded.
 *
 *     1 ─▶ 2 ─▶ [3 4] ─▶ 5     4 comes later: out of order; 3 never does: missing
 */
export class AuditFileCheck {
  readonly #options: AuditFileCheckOptions
  readonly #chains = new Map<string, ChainState>()
  readonly #faults: AuditFileFault[] = []
  #records = 0
  #gaps = 0
  #stoppedAt: string | undefined

  constructor(options: AuditFileCheckOptions) {
    this.#options = options
  }

  get records(): number {
    return this.#records
  }

  /** So many faults that further lines are not looked at. */
  get isHopeless(): boolean {
    return this.#faults.length >= FAULTS_MAX
  }

  /**
   * A line without its end; files and lines in the order in which they were written. `where`: for people.
   *
   * @throws IDGEN_REQUEST_INVALID where there are more chains or gaps than it keeps: it must not call whole what it cannot check
   */
  line(text: string, where: string): void {
    if (this.isHopeless) return
    this.#line(text, where)
    if (this.isHopeless) this.#stoppedAt = where
  }

  #line(text: string, where: string): void {
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
    for (const [chain, { seq, at, isClosed, where, gaps }] of this.#chains) {
      for (const gap of gaps)
        if (gap.from === 1) begun.push({ chain, seq: gap.to + 1 })
        else this.#missing(chain, gap)
      const ends = known.get(chain)?.seq ?? 0
      if (ends > seq) this.#missing(chain, { from: seq + 1, to: ends, where })
      // Of what ends behind a stop nothing is known.
      const silent = this.#stoppedAt === undefined && nowMs - at.getTime() > 2 * BEAT_EVERY_MS
      if (silent && !isClosed) unclosed.push({ chain, seq, at })
    }
    const elsewhere = this.#absent()
    return {
      chains: this.#chains.size,
      records: this.#records,
      faults: this.#faults,
      stoppedAt: this.#stoppedAt,
      begun: begun.slice(0, FAULTS_MAX),
      unclosed: unclosed.slice(0, FAULTS_MAX),
      elsewhere,
    }
  }

  /**
   * Chains that only the log has. Each process has a file of its own, so those of other nodes lie elsewhere; one of a node that
   * wrote here was taken out, or stands in a file that was not given. Of files that say nothing nobody knows whose they are.
   */
  #absent(): AuditFileVerdict['elsewhere'] {
    if (this.#stoppedAt !== undefined) return { chains: 0, nodes: [] }
    const here = new Set([...this.#chains.keys()].map(nodeOf))
    const nodes = new Set<string>()
    let chains = 0
    for (const [chain, { seq }] of this.#options.known) {
      if (this.#chains.has(chain)) continue
      const node = nodeOf(chain)
      if (here.size > 0 && !here.has(node)) {
        chains += 1
        nodes.add(node)
        continue
      }
      const text = `none of its ${seq} records is here: taken out, or its file was not given`
      this.#fault('missing', 'nowhere', { link: { chain, seq: 1 } }, text)
    }
    return { chains, nodes: [...nodes].slice(0, FAULTS_MAX) }
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
    if (state === undefined) return this.#begun(record, where)
    if (seq <= state.seq) return this.#earlier(state, record, where)
    if (seq > state.seq + 1) this.#gap(state, { from: state.seq + 1, to: seq - 1, where: state.where })
    else if (previousHash !== state.hash)
      this.#fault('forged', where, record, 'it does not follow the record before it')
    if (record.at < state.at)
      this.#fault('out of order', where, record, 'it is older than the record before it')
    Object.assign(state, lastOf(record, where))
  }

  #begun(record: LinedRecord, where: string): void {
    const { chain, seq } = record.link
    const { chainsMax = CHAINS_MAX } = this.#options
    if (this.#chains.size >= chainsMax)
      throw tooMany(`at ${where} a chain begins, and there were ${chainsMax} before it: give fewer files`)
    const state: ChainState = { ...lastOf(record, where), gaps: [] }
    this.#chains.set(chain, state)
    if (seq > 1) this.#gap(state, { from: 1, to: seq - 1, where })
  }

  #gap({ gaps }: ChainState, gap: Gap): void {
    const { gapsMax = GAPS_MAX } = this.#options
    if (this.#gaps >= gapsMax)
      throw tooMany(
        `behind ${gap.where} records are missing for more than the ${gapsMax}th time: give fewer files; one file alone with so many is broken`,
      )
    gaps.push(gap)
    this.#gaps += 1
  }

  /** A number that is passed: one that was missed, or a second one. */
  #earlier(state: ChainState, record: LinedRecord, where: string): void {
    const { seq, previousHash } = record.link
    const last = state.seq
    const at = state.gaps.findIndex(({ from, to }) => from <= seq && seq <= to)
    const gap = state.gaps[at]
    if (gap !== undefined) {
      this.#fault('out of order', where, record, `it stands behind record ${last}`)
      const rest = [
        { ...gap, to: seq - 1 },
        { ...gap, from: seq + 1 },
      ]
      // One more at most, and the hundredth fault ends this.
      state.gaps.splice(at, 1, ...rest.filter(({ from, to }) => from <= to))
      return
    }
    if (seq > 1 || previousHash !== CHAIN_START)
      return this.#fault('forged', where, record, `there are two records ${seq}`)
    this.#fault('restarted', where, record, `its chain begins anew behind record ${last}`)
    Object.assign(state, lastOf(record, where))
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

/** `pod-1/7:0123456789abcdef`: node, process, start (AuditChain). A container that starts again keeps its node, and its file. */
function nodeOf(chain: string): string {
  return chain.replace(/(\/\d+)?:[0-9a-f]{16}$/, '')
}

function lastOf({ link, at, action }: LinedRecord, where: string): Omit<ChainState, 'gaps'> {
  return { seq: link.seq, hash: link.hash, at, isClosed: action === 'audit.close', where }
}

function tooMany(what: string): IdgenError {
  return new IdgenError('IDGEN_REQUEST_INVALID', `It was not checked to its end: ${what}.`)
}

/** Who has read a hundred knows enough. */
const FAULTS_MAX = 100
/** Some 50 MB of memory, and more starts of processes than a file of years has. */
const CHAINS_MAX = 100_000
/** Some 20 MB of memory. Each is a time in which the file could not be written: nobody has so many. */
const GAPS_MAX = 100_000
