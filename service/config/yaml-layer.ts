import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
} from 'yaml'
import type { FieldFault } from '../core/errors.ts'
import { ROWS } from './keys.ts'
import { type Layer, readSecret, type Setting, shown } from './layer.ts'
import { nearestName } from './nearest-name.ts'

/** `auth.adminKeyFile` names a file that holds `auth.adminKey`. */
const FILE_SUFFIX = 'File'

const SECRET_FILES = new Map(
  [...ROWS].filter(([, row]) => row.secret).map(([path]) => [`${path}${FILE_SUFFIX}`, path]),
)
const SECTIONS = sectionsOf(ROWS.keys())
const KNOWN = [...ROWS.keys(), ...SECRET_FILES.keys(), ...SECTIONS]

/**
 * What a YAML text sets. Never throws, whatever the text is; each fault says line and column. Maps may be nested
 * (server: { http: { port: 80 } }) or written with dots (server.http.port: 80). `name` stands for the file.
 */
export function readYamlLayer(text: string, name: string): Layer {
  const reading = new YamlReading(text, name)
  reading.read()
  return reading
}

class YamlReading implements Layer {
  readonly settings = new Map<string, Setting>()
  readonly faults: FieldFault[] = []
  readonly secretFiles: string[] = []
  broken = false
  readonly #text: string
  readonly #name: string
  readonly #lines = new LineCounter()

  constructor(text: string, name: string) {
    this.#text = text
    this.#name = name
  }

  read(): void {
    const document = this.#parse()
    this.broken = document === undefined
    if (document === undefined) return
    const { contents } = document
    // An empty file, or one with comments only, sets nothing.
    if (contents === null || (isScalar(contents) && contents.value === null)) return
    if (isMap(contents)) this.#readMap(document, contents, '')
    else this.#fault('', 'must hold keys and values, like server: { http: { port: 8080 } }', contents)
  }

  #parse(): Document.Parsed | undefined {
    try {
      const document = parseDocument(this.#text, { lineCounter: this.#lines, prettyErrors: false })
      const problems = [...document.errors, ...document.warnings]
      for (const { message, pos } of problems) this.#faultAt('', `is not valid YAML: ${message}`, pos[0])
      return problems.length === 0 ? document : undefined
    } catch (error) {
      // Thousands of nested brackets end in a RangeError: the parser is recursive.
      this.#faultAt('', `is not valid YAML: ${error instanceof Error ? error.message : String(error)}`, 0)
      return undefined
    }
  }

  /** Depth is bounded by the registry: nothing below an unknown name is visited, also not through aliases. */
  #readMap(document: Document, map: YAMLMap, before: string): void {
    for (const { key, value } of map.items as { key: unknown; value: unknown }[]) {
      if (!isScalar(key) || typeof key.value !== 'string')
        this.#fault(before, `holds a name that is not text: ${shown(isScalar(key) ? key.value : '…')}`, key)
      else this.#readPair(document, before === '' ? key.value : `${before}.${key.value}`, key, value)
    }
  }

  #readPair(document: Document, path: string, key: Node, given: unknown): void {
    const value = isAlias(given) ? given.resolve(document) : given
    if (SECTIONS.has(path)) this.#readSection(document, path, key, value)
    else if (!ROWS.has(path) && !SECRET_FILES.has(path)) this.#fault(path, unknownText(path), key)
    else if (isMap(value)) this.#fault(path, 'takes one value, not keys and values', key)
    else if (isSeq(value)) this.#fault(path, 'takes no list', key)
    else this.#set(path, key, isScalar(value) ? value.value : null)
  }

  #readSection(document: Document, path: string, key: Node, value: unknown): void {
    // `server:` with all of its keys commented out has no value.
    const isEmpty = value === null || (isScalar(value) && value.value === null)
    if (isMap(value)) this.#readMap(document, value, path)
    else if (!isEmpty) this.#fault(path, 'must hold keys and values', key)
  }

  #set(path: string, key: Node, scalar: unknown): void {
    const source = this.#source(key.range?.[0] ?? 0)
    const target = SECRET_FILES.get(path)
    if (scalar === null) this.#fault(path, 'has no value: give one or remove the key', key)
    else if (this.settings.has(target ?? path))
      this.#fault(path, `is given twice, see ${this.settings.get(target ?? path)?.source}`, key)
    else if (target === undefined) this.settings.set(path, { raw: { scalar }, source })
    else if (typeof scalar !== 'string') this.#fault(path, 'must name a file', key)
    else {
      this.secretFiles.push(scalar)
      const secret = readSecret(scalar)
      if ('text' in secret) this.settings.set(target, { raw: secret, source })
      else this.#fault(path, `${shown(scalar)} ${secret.fault}`, key)
    }
  }

  #fault(path: string, message: string, node: unknown): void {
    this.#faultAt(path, message, (node as Partial<Node> | null)?.range?.[0] ?? 0)
  }

  #faultAt(path: string, message: string, offset: number): void {
    this.faults.push({
      path: path === '' ? this.#name : path,
      message: `${message} (${this.#source(offset)})`,
    })
  }

  #source(offset: number): string {
    const { line, col } = this.#lines.linePos(offset)
    return `${this.#name}:${Math.max(1, line)}:${Math.max(1, col)}`
  }
}

function sectionsOf(paths: Iterable<string>): ReadonlySet<string> {
  const sections = new Set<string>()
  for (const path of paths)
    for (let dot = path.indexOf('.'); dot > 0; dot = path.indexOf('.', dot + 1))
      sections.add(path.slice(0, dot))
  return sections
}

function unknownText(path: string): string {
  const last = path.slice(path.lastIndexOf('.') + 1)
  // A right name at the wrong depth is further away than the edit distance allows.
  const nearest = nearestName(path, KNOWN) ?? KNOWN.find((known) => known.endsWith(`.${last}`))
  return nearest === undefined ? 'is unknown' : `is unknown: did you mean ${nearest}?`
}
