/** One thing that happened and that somebody may have to account for; its hash covers all of it. */
export interface AuditRecord {
  readonly at: Date
  /** Key id, `system`, or `cli`. */
  readonly actor: string
  /** e.g. tag.create, key.revoke, algorithm.degrade, algorithm.recover, capacity.alert, generate.count */
  readonly action: string
  /** What it was done to: `w/g/t`, a key id, … */
  readonly subject: string
  readonly workspace: string | undefined
  /** `ok` or an error code. */
  readonly result: string
  readonly traceId: string | undefined
  /** Typed JSON: before and after, counts, reasons. Holds no secret. */
  readonly detail: Readonly<Record<string, unknown>>
}

/** Where a record stands in the chain of hashes of the process that wrote it (app/audit-chain.ts). */
export interface ChainPlace {
  readonly chain: string
  /** From 1, without a gap. */
  readonly seq: number
  /** Hex, of the record before it in its chain. */
  readonly previousHash: string
}

/**
 * The one text of a record at its place, whose hash is kept: the same before it is written and after it was read back.
 * jsonb forgets the order of keys, so they are sorted. The first entry is the version of this form.
 */
export function auditText(record: AuditRecord, { chain, seq, previousHash }: ChainPlace): string {
  const { at, actor, action, subject, workspace, result, traceId, detail } = record
  return JSON.stringify([
    1,
    chain,
    seq,
    previousHash,
    at.toISOString(),
    actor,
    action,
    subject,
    workspace ?? null,
    result,
    traceId ?? null,
    sorted(detail),
  ])
}

/**
 * The record as it comes back from the store. PostgreSQL's text and jsonb take neither NUL nor half a surrogate pair. A
 * record that cannot be written would come back with every retry of its batch and hold all later ones up, and callers
 * can put such text into a name.
 */
export function storableRecord<R extends AuditRecord>(record: R): R {
  return {
    ...record,
    actor: storableText(record.actor),
    action: storableText(record.action),
    subject: storableText(record.subject),
    workspace: record.workspace === undefined ? undefined : storableText(record.workspace),
    result: storableText(record.result),
    traceId: record.traceId === undefined ? undefined : storableText(record.traceId),
    detail: JSON.parse(JSON.stringify(record.detail, storableValue)) as Record<string, unknown>,
  }
}

function storableText(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed()
}

function storableValue(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return storableText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storableText(key), inner]))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [key, sorted(inner)])
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
