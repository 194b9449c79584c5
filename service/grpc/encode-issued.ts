import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { decimalText, runTexts } from '../core/decimal.ts'
import { type IdBatch, UUID_BYTES } from '../core/id-batch.ts'
import { uuidText } from '../core/uuid-text.ts'
import { ALGORITHM_ENUM } from './algorithm-enum.ts'

/** What an issuing call answers; it becomes bytes only when it is sent. */
export interface IssuedReply {
  readonly batch: IdBatch
  readonly format: 'runs' | 'text'
}

/**
 * The answers that carry IDs, written straight from the batch: the generated codecs want an object per run and a
 * text per number, and go through bigint for every 64-bit field. service/grpc/encode-issued.test.ts reads every
 * form back with the generated codecs. Field numbers: proto/idgen/v1/id_service.proto.
 */

/** idgen.v1.GenerateResponse. */
export function encodeGenerateResponse({ batch }: IssuedReply): Buffer {
  const text = batch.uuidCount > 0 ? uuidText(batch.uuidBytes()) : decimalText(batch.runHi(0), batch.runLo(0))
  const writer = new BinaryWriter().uint32(ONE_ID).string(text)
  writer.uint32(ONE_ALGORITHM).uint32(ALGORITHM_ENUM[batch.algorithm])
  if (batch.degraded) writer.uint32(ONE_DEGRADED).bool(true)
  return finished(writer)
}

/** idgen.v1.GenerateBatchResponse and GenerateStreamResponse, which are the same on the wire. */
export function encodeBatchResponse({ batch, format }: IssuedReply): Buffer {
  const writer = new BinaryWriter()
  if (format === 'text') for (const text of textsOf(batch)) writer.uint32(MANY_TEXTS).string(text)
  else if (batch.uuidCount > 0) writer.uint32(MANY_UUIDS).bytes(batch.uuidBytes())
  else writeRuns(batch, writer)
  writer.uint32(MANY_ALGORITHM).uint32(ALGORITHM_ENUM[batch.algorithm])
  if (batch.degraded) writer.uint32(MANY_DEGRADED).bool(true)
  return finished(writer)
}

/** A fixed64 is its two halves as fixed32, the lower one first. */
function writeRuns(batch: IdBatch, writer: BinaryWriter): void {
  for (let run = 0; run < batch.runCount; run += 1) {
    const [hi, lo, count] = [batch.runHi(run), batch.runLo(run), batch.runLength(run)]
    // Zero is the default of a field and is left out, as the generated codec does; a tag may start at 0.
    const firstBytes = hi === 0 && lo === 0 ? 0 : RUN_FIRST_BYTES
    writer.uint32(MANY_RUNS).uint32(firstBytes + 1 + varintBytes(count))
    if (firstBytes > 0) writer.uint32(RUN_FIRST).fixed32(lo).fixed32(hi)
    writer.uint32(RUN_COUNT).uint32(count)
  }
}

function textsOf(batch: IdBatch): string[] {
  const texts: string[] = []
  const bytes = batch.uuidBytes()
  for (let at = 0; at < bytes.length; at += UUID_BYTES) texts.push(uuidText(bytes, at))
  for (let run = 0; run < batch.runCount; run += 1)
    runTexts(batch.runHi(run), batch.runLo(run), batch.runLength(run), texts)
  return texts
}

/** Bytes of a uint32 (0..2^32-1) as varint: 7 bits each. */
function varintBytes(value: number): number {
  return value === 0 ? 1 : Math.ceil((32 - Math.clz32(value)) / 7)
}

/** grpc-js wants a Buffer; this one shares the writer's memory instead of copying it. */
function finished(writer: BinaryWriter): Buffer {
  const bytes = writer.finish()
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const ONE_ID = tag(1, WireType.LengthDelimited)
const ONE_ALGORITHM = tag(2, WireType.Varint)
const ONE_DEGRADED = tag(3, WireType.Varint)
const MANY_RUNS = tag(1, WireType.LengthDelimited)
const MANY_TEXTS = tag(2, WireType.LengthDelimited)
const MANY_UUIDS = tag(3, WireType.LengthDelimited)
const MANY_ALGORITHM = tag(4, WireType.Varint)
const MANY_DEGRADED = tag(5, WireType.Varint)
const RUN_FIRST = tag(1, WireType.Bit64)
const RUN_COUNT = tag(2, WireType.Varint)
/** Tag and eight bytes. */
const RUN_FIRST_BYTES = 9

function tag(field: number, wireType: WireType): number {
  return (field << 3) | wireType
}
