import { decimalText, runTexts } from '../core/decimal.ts'
import { type IdBatch, UUID_BYTES } from '../core/id-batch.ts'
import { TEXT_MAX, writtenTexts } from '../core/id-printer.ts'
import { uuidText } from '../core/uuid-text.ts'
import { ALGORITHM_ENUM } from './algorithm-enum.ts'
import { MessageWriter } from './message-writer.ts'

/** How a caller wants many IDs. */
export type IssuedFormat = 'runs' | 'text' | 'numbers'

/** IDs on their way to the wire; `format` only matters for many. */
export interface IssuedReply {
  readonly batch: IdBatch
  readonly format: IssuedFormat
}

/**
 * The answers that carry IDs, written straight from the batch: the generated codecs want an object per run and a text per
 * number, and go through bigint for every 64-bit field. encode-issued.test.ts reads every form back with the generated
 * codecs. Field numbers: proto/idgen/v1/id_service.proto. The bytes are valid until the next answer.
 */
const writer = new MessageWriter()

/** idgen.v1.GenerateResponse. */
export function encodeGenerateResponse({ batch }: Pick<IssuedReply, 'batch'>): Uint8Array {
  const text = onlyText(batch)
  writer.begin(WRITTEN_BYTES_MAX + END_BYTES)
  writer.byte(ONE_ID)
  writer.byte(text.length)
  writer.text(text)
  writeEnd(batch, ONE_ALGORITHM, ONE_DEGRADED)
  return writer.finished()
}

/** idgen.v1.GenerateBatchResponse and GenerateStreamResponse, which are the same on the wire. */
export function encodeBatchResponse({ batch, format }: IssuedReply): Uint8Array {
  // Texts are all there is of a tag with a format, whatever was asked for, as of UUIDs bytes are.
  if (format === 'text' || (batch.printer !== undefined && batch.runCount > 0)) writeTexts(batch)
  else if (batch.uuidCount > 0) writeUuids(batch)
  else if (format === 'numbers') writeNumbers(batch)
  else writeRuns(batch)
  writeEnd(batch, MANY_ALGORITHM, MANY_DEGRADED)
  return writer.finished()
}

function onlyText(batch: IdBatch): string {
  if (batch.uuidCount > 0) return uuidText(batch.uuidBytes())
  const [hi, lo] = [batch.runHi(0), batch.runLo(0)]
  return batch.printer === undefined ? decimalText(hi, lo) : batch.printer.text(hi, lo)
}

function writeEnd(batch: IdBatch, algorithmTag: number, degradedTag: number): void {
  writer.byte(algorithmTag)
  writer.byte(ALGORITHM_ENUM[batch.algorithm])
  if (!batch.degraded) return
  writer.byte(degradedTag)
  writer.byte(1)
}

function writeRuns(batch: IdBatch): void {
  writer.begin(batch.runCount * RUN_BYTES_MAX + END_BYTES)
  for (let run = 0; run < batch.runCount; run += 1) {
    const [hi, lo, count] = [batch.runHi(run), batch.runLo(run), batch.runLength(run)]
    // Zero is the default of a field and is left out, as the generated codec does; a tag may start at 0.
    const firstBytes = hi === 0 && lo === 0 ? 0 : RUN_FIRST_BYTES
    writer.byte(MANY_RUNS)
    writer.byte(firstBytes + 1 + varintBytes(count))
    if (firstBytes > 0) {
      writer.byte(RUN_FIRST)
      writer.fixed64(hi, lo)
    }
    writer.byte(RUN_COUNT)
    writer.varint(count)
  }
}

/** Packed: one length for all of them. */
function writeNumbers(batch: IdBatch): void {
  writer.begin(batch.count * FIXED64_BYTES + HEAD_BYTES + END_BYTES)
  writer.byte(MANY_NUMBERS)
  writer.varint(batch.count * FIXED64_BYTES)
  for (let run = 0; run < batch.runCount; run += 1)
    writer.fixed64s(batch.runHi(run), batch.runLo(run), batch.runLength(run))
}

function writeUuids(batch: IdBatch): void {
  const bytes = batch.uuidBytes()
  writer.begin(bytes.length + HEAD_BYTES + END_BYTES)
  writer.byte(MANY_UUIDS)
  writer.varint(bytes.length)
  writer.raw(bytes)
}

function writeTexts(batch: IdBatch): void {
  const textBytes = batch.printer === undefined ? TEXT_BYTES_MAX : WRITTEN_BYTES_MAX
  writer.begin(batch.count * textBytes + END_BYTES)
  for (const text of textsOf(batch)) {
    writer.byte(MANY_TEXTS)
    writer.byte(text.length)
    writer.text(text)
  }
}

function textsOf(batch: IdBatch): string[] {
  if (batch.printer !== undefined && batch.runCount > 0) return writtenTexts(batch, batch.printer)
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

/** Field number and wire type (0 varint, 1 eight bytes, 2 with a length); all below 16, so one byte. */
const ONE_ID = (1 << 3) | 2
const ONE_ALGORITHM = (2 << 3) | 0
const ONE_DEGRADED = (3 << 3) | 0
const MANY_RUNS = (1 << 3) | 2
const MANY_TEXTS = (2 << 3) | 2
const MANY_UUIDS = (3 << 3) | 2
const MANY_ALGORITHM = (4 << 3) | 0
const MANY_DEGRADED = (5 << 3) | 0
const MANY_NUMBERS = (6 << 3) | 2
const RUN_FIRST = (1 << 3) | 1
const RUN_COUNT = (2 << 3) | 0
/** Tag and eight bytes. */
const RUN_FIRST_BYTES = 9
const RUN_BYTES_MAX = 2 + RUN_FIRST_BYTES + 6
const FIXED64_BYTES = 8
/** Algorithm and degraded. */
const END_BYTES = 4
/** Tag and length of a list. */
const HEAD_BYTES = 6
/** A UUID with its tag and length; numbers are shorter. */
const TEXT_BYTES_MAX = 38
/** A text in a format (TEXT_MAX) with its tag and length, which is one byte up to 127. */
const WRITTEN_BYTES_MAX = TEXT_MAX + 2
