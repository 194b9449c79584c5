import { fromBinary } from '@bufbuild/protobuf'
import {
  type DescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt'
import { FILE_DESCRIPTORS } from './generated/descriptor-set.ts'

interface DescribedFile {
  readonly bytes: Uint8Array
  readonly imports: readonly string[]
}

/** What proto/ describes, by file and by symbol; read when somebody first asks. */
export class DescribedFiles {
  readonly services: string[] = []
  readonly #files = new Map<string, DescribedFile>()
  /** Full name of a message, enum, service or method → its file. */
  readonly #symbols = new Map<string, string>()
  readonly #messages = new Set<string>()

  constructor() {
    for (const text of FILE_DESCRIPTORS) {
      const bytes = Buffer.from(text, 'base64')
      const file = fromBinary(FileDescriptorProtoSchema, bytes)
      this.#files.set(file.name, { bytes, imports: file.dependency })
      this.#index(file)
    }
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

  isMessage(symbol: string): boolean {
    return this.#messages.has(symbol)
  }

  #index(file: FileDescriptorProto): void {
    for (const message of file.messageType) this.#addMessage(file, file.package, message)
    for (const { name } of file.enumType) this.#symbols.set(`${file.package}.${name}`, file.name)
    for (const { name, method } of file.service) {
      const service = `${file.package}.${name}`
      this.services.push(service)
      this.#symbols.set(service, file.name)
      for (const { name: called } of method) this.#symbols.set(`${service}.${called}`, file.name)
    }
  }

  #addMessage(
    file: FileDescriptorProto,
    scope: string,
    { name, nestedType, enumType }: DescriptorProto,
  ): void {
    const message = `${scope}.${name}`
    this.#symbols.set(message, file.name)
    this.#messages.add(message)
    for (const nested of nestedType) this.#addMessage(file, message, nested)
    for (const nested of enumType) this.#symbols.set(`${message}.${nested.name}`, file.name)
  }
}
