import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { CallStatus, type MessageOutput, type StreamMethod } from './call.ts'
import { DescribedFiles } from './described-files.ts'
import { askForKey, type KeyDoorParts, whileKeyCounts } from './key-door.ts'
import { decoded } from './method-table.ts'
import type { OpenStreams } from './open-streams.ts'
import { STATUS } from './status-code.ts'

/**
 * grpc.reflection.v1 and v1alpha, so that grpcurl and its like work without the .proto files. The descriptors were made at
 * build time, and their comments are shown to people. The two versions differ in name only. `door`: asks for an API key;
 * undefined: none is needed.
 */
export function reflectionMethods(streams: OpenStreams, door: KeyDoorParts | undefined): StreamMethod[] {
  let files: DescribedFiles | undefined
  return ['v1', 'v1alpha'].map((version) => ({
    path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    // By `door`.
    keyless: true,
    requests: 'many',
    open: (call, output) => {
      const open = streams.add(() =>
        output.fail(new CallStatus(STATUS.UNAVAILABLE, 'This server is shutting down.')),
      )
      if (door !== undefined) askForKey(door, call, output)
      return {
        receive: (message) => {
          const described = (files ??= new DescribedFiles())
          const work = (): boolean => answer(described, message, output)
          if (door !== undefined) whileKeyCounts(door, call, output, work)
          else if (!work()) output.pause()
        },
        ended: () => output.end(),
        drained: () => output.resume(),
        closed: () => open[Symbol.dispose](),
      }
    },
  }))
}

/**
 * It may be open to everybody, so a client that never reads must not fill the memory with answers.
 * @returns whether it may be read on
 */
function answer(files: DescribedFiles, message: Uint8Array, output: MessageOutput): boolean {
  if (message.length > REQUEST_MAX)
    throw new CallStatus(
      STATUS.INVALID_ARGUMENT,
      `A question of ${message.length} bytes; up to ${REQUEST_MAX} are read.`,
    )
  const request = decoded(requestOf, message)
  const writer = new BinaryWriter()
  writer.tag(VALID_HOST, WireType.LengthDelimited).string(request.host)
  writer.tag(ORIGINAL_REQUEST, WireType.LengthDelimited).bytes(message)
  writeAnswer(writer, files, request)
  return output.send(writer.finish())
}

interface ReflectionRequest {
  host: string
  /** Which of the questions, by its field. */
  asks: number
  text: string
}

function requestOf(bytes: Uint8Array): ReflectionRequest {
  const reader = new BinaryReader(bytes)
  const request = { host: '', asks: 0, text: '' }
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (wireType !== WireType.LengthDelimited) reader.skip(wireType, field)
    else if (field === HOST) request.host = reader.string()
    else {
      request.asks = field
      request.text = field === EXTENSION ? textIn(reader.bytes()) : reader.string()
    }
  }
  return request
}

/** The type that an extension is of. */
function textIn(bytes: Uint8Array): string {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (field === 1 && wireType === WireType.LengthDelimited) return reader.string()
    reader.skip(wireType, field)
  }
  return ''
}

function writeAnswer(writer: BinaryWriter, files: DescribedFiles, { asks, text }: ReflectionRequest): void {
  switch (asks) {
    case FILE_BY_NAME:
      return writeFiles(writer, files.withImports(text), `File not found: ${text}`)
    case FILE_OF_SYMBOL:
      return writeFiles(writer, files.withImports(files.fileOf(text) ?? ''), `Symbol not found: ${text}`)
    case EXTENSION:
      return writeError(writer, STATUS.NOT_FOUND, `Extension not found: ${text}`)
    case EXTENSIONS_OF_TYPE:
      if (!files.isMessage(text)) return writeError(writer, STATUS.NOT_FOUND, `Symbol not found: ${text}`)
      writer.tag(EXTENSIONS_ANSWER, WireType.LengthDelimited).fork()
      writer.tag(1, WireType.LengthDelimited).string(text).join()
      return
    case SERVICES:
      writer.tag(SERVICES_ANSWER, WireType.LengthDelimited).fork()
      for (const service of files.services) {
        writer.tag(1, WireType.LengthDelimited).fork()
        writer.tag(1, WireType.LengthDelimited).string(service).join()
      }
      writer.join()
      return
    default:
      return writeError(writer, STATUS.INVALID_ARGUMENT, 'A request that asks nothing.')
  }
}

function writeFiles(writer: BinaryWriter, files: readonly Uint8Array[] | undefined, fault: string): void {
  if (files === undefined) return writeError(writer, STATUS.NOT_FOUND, fault)
  writer.tag(FILES_ANSWER, WireType.LengthDelimited).fork()
  for (const file of files) writer.tag(1, WireType.LengthDelimited).bytes(file)
  writer.join()
}

function writeError(writer: BinaryWriter, code: number, message: string): void {
  writer.tag(ERROR_ANSWER, WireType.LengthDelimited).fork()
  writer.tag(1, WireType.Varint).int32(code)
  writer.tag(2, WireType.LengthDelimited).string(message.slice(0, MESSAGE_MAX)).join()
}

const MESSAGE_MAX = 300
/** A host and a name. The answer repeats the question, and a kilobyte can be the compressed form of a megabyte. */
const REQUEST_MAX = 4096
// Fields of ServerReflectionRequest, and of ServerReflectionResponse.
const HOST = 1
const FILE_BY_NAME = 3
const FILE_OF_SYMBOL = 4
const EXTENSION = 5
const EXTENSIONS_OF_TYPE = 6
const SERVICES = 7
const VALID_HOST = 1
const ORIGINAL_REQUEST = 2
const FILES_ANSWER = 4
const EXTENSIONS_ANSWER = 5
const SERVICES_ANSWER = 6
const ERROR_ANSWER = 7
