/** What of an audit record a hash covers: the fields of ports/audit-sink.ts. */
export interface HashedRecord {
  readonly at: Date
  readonly actor: string
  readonly action: string
  readonly subject: string
  readonly workspace: string | undefined
  readonly result: string
  readonly traceId: string | undefined
  readonly detail: Readonly<Record<string, unknown>>
}

/** Where a record stands: in which chain, at which place, after which record. */
export interface ChainPlace {
  readonly chain: string
  readonly seq: number
  readonly previousHash: string
}

/**
 * The one text of a record at its place, whose hash is kept: the same before it is written and after it was read back.
 * jsonb forgets the order of keys, so they are sorted. The first entry is the version of this form.
 */
export function auditText(record: HashedRecord, { chain, seq, previousHash }: ChainPlace): string {
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
export function storableRecord<R extends HashedRecord>(record: R): R {
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
