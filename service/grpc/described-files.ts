import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { FILE_DESCRIPTORS } from './generated/descriptor-set.ts'

interface DescribedFile {
  readonly bytes: Uint8Array
  readonly imports: readonly string[]
}

/**
 * What proto/ describes, by file and by symbol; read when somebody first asks. By hand, since only names are looked at:
 * the library's own schema of descriptors takes 15 MB.
 */
export class DescribedFiles {
  readonly services: string[] = []
  readonly #files = new Map<string, DescribedFile>()
  /** Full name of a message, enum, service or method → its file. */
  readonly #symbols = new Map<string, string>()
  readonly #messages = new Set<string>()

  constructor() {
    for (const text of FILE_DESCRIPTORS) this.#addFile(Buffer.from(text, 'base64'))
  }

  /** The file and all that it imports, each once; undefined: there is no such file. */
  withImports(name: string): Uint8Array[] | undefined {
    const file = this.#files.get(name)
    if (file === undefined) return undefined
    const names = new Set([name])
    for (const known of names) for (const more of this.#files.get(known)?.imports ?? []) names.add(more)
    return [...names].flatMap((known) => this.#files.get(known)?.bytes ?? [])
  }

  fileOf(symbol: string): string | undefined {
    return this.#symbols.get(symbol)
  }

  /** `/idgen.v1.IdService/Decode` */
  hasMethod(path: string): boolean {
    const [, service = '', method] = path.split('/')
    return this.services.includes(service) && this.#symbols.has(`${service}.${method}`)
  }

  isMessage(symbol: string): boolean {
    return this.#messages.has(symbol)
  }

  #addFile(bytes: Uint8Array): void {
    const fields = fieldsOf(bytes)
    const name = textOf(fields, FILE.name)
    const scope = textOf(fields, FILE.package)
    this.#files.set(name, { bytes, imports: (fields.get(FILE.dependency) ?? []).map(text) })
    for (const message of fields.get(FILE.message) ?? []) this.#addMessage(name, scope, message)
    for (const one of fields.get(FILE.enum) ?? []) this.#addSymbol(name, scope, one)
    for (const one of fields.get(FILE.service) ?? []) {
      const service = this.#addSymbol(name, scope, one)
      this.services.push(service)
      for (const method of fieldsOf(one).get(SERVICE_METHOD) ?? []) this.#addSymbol(name, service, method)
    }
  }

  #addMessage(file: string, scope: string, bytes: Uint8Array): void {
    const message = this.#addSymbol(file, scope, bytes)
    this.#messages.add(message)
    const fields = fieldsOf(bytes)
    for (const nested of fields.get(MESSAGE.message) ?? []) this.#addMessage(file, message, nested)
    for (const nested of fields.get(MESSAGE.enum) ?? []) this.#addSymbol(file, message, nested)
  }

  /** Of a descriptor of whatever kind: field 1 is its name. */
  #addSymbol(file: string, scope: string, bytes: Uint8Array): string {
    const symbol = `${scope}.${textOf(fieldsOf(bytes), NAME)}`
    this.#symbols.set(symbol, file)
    return symbol
  }
}

/** The fields of a message that have a length, by their numbers. */
function fieldsOf(bytes: Uint8Array): Map<number, Uint8Array[]> {
  const reader = new BinaryReader(bytes)
  const fields = new Map<number, Uint8Array[]>()
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (wireType !== WireType.LengthDelimited) reader.skip(wireType, field)
    else fields.set(field, [...(fields.get(field) ?? []), reader.bytes()])
  }
  return fields
}

function textOf(fields: ReadonlyMap<number, readonly Uint8Array[]>, field: number): string {
  return text(fields.get(field)?.at(-1) ?? new Uint8Array())
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}

/** Field numbers of google/protobuf/descriptor.proto. */
const NAME = 1
const FILE = { name: NAME, package: 2, dependency: 3, message: 4, enum: 5, service: 6 } as const
const MESSAGE = { message: 3, enum: 4 } as const
const SERVICE_METHOD = 2
