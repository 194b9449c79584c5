import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/**
 * A protoc plugin (buf.gen.yaml): writes the file descriptors it is given into one TypeScript file, which reflection
 * serves. The request is a google.protobuf.compiler.CodeGeneratorRequest, the answer a CodeGeneratorResponse; only
 * the fields named here are read and written.
 */
const REQUEST_PROTO_FILE = 15
const RESPONSE_SUPPORTED_FEATURES = 2
const RESPONSE_FILE = 15
const FILE_NAME = 1
const FILE_CONTENT = 15
/** Without it buf refuses to hand over files with `optional` fields. */
const FEATURE_PROTO3_OPTIONAL = 1
const BASE64_PER_LINE = 100

const answer = new BinaryWriter()
answer.tag(RESPONSE_SUPPORTED_FEATURES, WireType.Varint).uint32(FEATURE_PROTO3_OPTIONAL)
answer.tag(RESPONSE_FILE, WireType.LengthDelimited).fork()
answer.tag(FILE_NAME, WireType.LengthDelimited).string('descriptor-set.ts')
answer.tag(FILE_CONTENT, WireType.LengthDelimited).string(source(fileDescriptors(await standardInput())))
process.stdout.write(answer.join().finish())

async function standardInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks)
}

/** Each is a serialized google.protobuf.FileDescriptorProto; a file comes after those it imports. */
function fileDescriptors(request: Uint8Array): Uint8Array[] {
  const reader = new BinaryReader(request)
  const files: Uint8Array[] = []
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (field === REQUEST_PROTO_FILE) files.push(reader.bytes())
    else reader.skip(wireType, field)
  }
  return files
}

function source(files: readonly Uint8Array[]): string {
  const literals = files.map((file) => {
    const lines =
      Buffer.from(file)
        .toString('base64')
        .match(new RegExp(`.{1,${BASE64_PER_LINE}}`, 'g')) ?? []
    return `  ${lines.map((line) => `'${line}'`).join(' +\n    ')},`
  })
  return [
    '// Made from proto/ by protoc-gen-descriptor-set.ts. Do not edit.',
    '',
    '/** Serialized google.protobuf.FileDescriptorProto, base64; a file comes after those it imports. */',
    'export const FILE_DESCRIPTORS: readonly string[] = [',
    ...literals,
    ']',
    '',
  ].join('\n')
}
