import { IdgenClientError } from '../core/client-error.ts'
import type { Endpoint } from '../core/endpoint-choice.ts'
import type { IdAnswer, IdRequest, IdRun } from '../core/id-answer.ts'
import { bytesField, varintField, type WireField, wireFields } from './protobuf-wire.ts'
import { isRetryableCode } from './retryable-codes.ts'

/** The messages of proto/idgen/v1 that the client sends and reads; the numbers are those of the .proto files. */

/** idgen.v1.GenerateBatchRequest. */
export function writeBatchRequest({ path, count, form }: IdRequest): Buffer {
  const parts = [
    ...bytesField(1, Buffer.from(path)),
    ...varintField(2, count),
    ...varintField(3, form === 'runs' ? FORMAT_RUNS : FORMAT_TEXT),
  ]
  return Buffer.concat(parts)
}

/** idgen.v1.GenerateBatchResponse. @throws when it is none */
export function readBatchResponse(endpoint: string, message: Uint8Array): IdAnswer {
  let uuids = 0
  const runs: IdRun[] = []
  const texts: string[] = []
  let algorithm: string | undefined
  let degraded = false
  for (const { number, value, bytes } of wireFields(message)) {
    if (number === 1) runs.push(readRun(bytes))
    else if (number === 2) texts.push(text(bytes))
    else if (number === 3) uuids = bytes.length
    else if (number === 4) algorithm = ALGORITHMS[value]
    else if (number === 5) degraded = value === 1
  }
  // Over gRPC a tag that issues UUIDs, or degraded to them, gives them where runs were asked for.
  if (uuids > 0)
    throw new IdgenClientError(
      'IDGEN_CLIENT_WRONG_KIND',
      `The tag issues ${algorithm ?? 'UUIDs'} now, and those are no numbers; take them with client.uuids or client.texts.`,
      { retryable: degraded, endpoint },
    )
  return { runs, texts, algorithm, degraded }
}

/** idgen.v1.ListNodesResponse. */
export function readNodesResponse(message: Uint8Array, scheme: string): Endpoint[] {
  const nodes: Endpoint[] = []
  for (const { number, bytes } of wireFields(message)) {
    if (number !== 3) continue
    const { 1: dc, 4: address } = byNumber(bytes)
    if (address !== undefined) nodes.push({ url: `${scheme}://${text(address.bytes)}`, dc: dc?.value ?? 0 })
  }
  return nodes
}

/**
 * What a call ended with. `details`: google.rpc.Status, from the trailer grpc-status-details-bin; without it somebody
 * else than idgen answered, or nobody.
 */
export function readStatus(
  endpoint: string,
  status: number,
  message: string,
  details: Uint8Array | undefined,
): IdgenClientError {
  let reason: string | undefined
  let retryable: boolean | undefined
  let traceId: string | undefined
  let retryAfterMs: number | undefined
  for (const { number, bytes } of details === undefined ? [] : wireFields(details)) {
    if (number !== 3) continue
    const { 1: type, 2: value } = byNumber(bytes)
    const kind = text(type?.bytes ?? bytes)
      .split('.')
      .at(-1)
    if (kind === 'RetryInfo') retryAfterMs = delayOf(value?.bytes)
    if (kind !== 'ErrorInfo') continue
    const info = errorInfo(value?.bytes)
    reason = info.get('reason')
    retryable = info.has('retryable') ? info.get('retryable') === 'true' : undefined
    traceId = info.get('traceId')
  }
  if (reason !== undefined)
    return new IdgenClientError(reason, `${message} (${endpoint})`, {
      endpoint,
      retryAfterMs,
      traceId,
      retryable: retryable ?? isRetryableCode(reason),
    })
  return new IdgenClientError(
    TEMPORARY.has(status) ? 'IDGEN_CLIENT_UNREACHABLE' : 'IDGEN_CLIENT_ANSWER_INVALID',
    `${endpoint} ended the call with gRPC status ${status} (${message}) and without an error of idgen: is the address right, and does idgen run there?`,
    { endpoint },
  )
}

const FORMAT_RUNS = 1
const FORMAT_TEXT = 2
const ALGORITHMS: readonly (string | undefined)[] = [undefined, 'segment', 'snowflake', 'uuid-v7', 'uuid-v4']
/** CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL (a reset stream), UNAVAILABLE. */
const TEMPORARY = new Set([1, 2, 4, 8, 10, 13, 14])

function readRun(message: Uint8Array): IdRun {
  // Zero is the default of a field, which is left out.
  const { 1: first, 2: count } = byNumber(message)
  return { first: first?.wide ?? 0n, count: count?.value ?? 0 }
}

/** google.rpc.ErrorInfo: its reason, and the entries of its metadata. */
function errorInfo(message: Uint8Array = new Uint8Array(0)): Map<string, string> {
  const info = new Map<string, string>()
  for (const { number, bytes } of wireFields(message)) {
    if (number === 1) info.set('reason', text(bytes))
    if (number !== 3) continue
    const { 1: key, 2: value } = byNumber(bytes)
    info.set(text(key?.bytes), text(value?.bytes))
  }
  return info
}

/** google.rpc.RetryInfo; milliseconds. */
function delayOf(message: Uint8Array = new Uint8Array(0)): number {
  const { 1: seconds, 2: nanos } = byNumber(byNumber(message)[1]?.bytes)
  return (seconds?.value ?? 0) * 1000 + (nanos?.value ?? 0) / 1_000_000
}

function byNumber(message: Uint8Array = new Uint8Array(0)): Record<number, WireField | undefined> {
  return Object.fromEntries([...wireFields(message)].map((field) => [field.number, field]))
}

function text(bytes: Uint8Array = new Uint8Array(0)): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
