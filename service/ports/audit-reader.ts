import type { ChainedRecord } from './audit-sink.ts'

/** The last link of a chain, and the last one that retention dropped. */
export interface AuditChainHead {
  readonly seq: number
  readonly hash: string
  /** 0: nothing of it was dropped. */
  readonly cutSeq: number
  readonly cutHash: string | undefined
  /** What the cut was sealed with; undefined: whoever made it had no `audit.key`. */
  readonly cutSeal: string | undefined
}

export interface AuditPlace {
  readonly seq: number
  readonly hash: string
}

/** Seals the place where retention cut a chain, so that a made-up cut is found; undefined where there is no key. */
export type SealCut = (chain: string, cut: AuditPlace) => string | undefined

/** Reads the audit log to check it; every answer is bounded by its `limit`. */
export interface AuditReader {
  /** The next name after `after` in the order of bytes ('' begins), of chains with a head or with rows. */
  nextChain(after: string): Promise<string | undefined>
  head(chain: string): Promise<AuditChainHead | undefined>
  /** The last record of a chain before a moment. */
  placeBefore(chain: string, moment: Date): Promise<AuditPlace | undefined>
  /** Records of a chain with a higher seq, by seq; two of one seq by time. */
  chainRecords(chain: string, afterSeq: number, limit: number): Promise<readonly ChainedRecord[]>
  /** Records without a link from a moment on: how many, and when the last was. */
  unchained(since: Date): Promise<{ readonly records: number; readonly last: Date | undefined }>
  /** Since when there are chains here: when migration 0010 was applied. */
  chainedSince(): Promise<Date>
}
