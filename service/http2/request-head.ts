/** What a request begins with (RFC 9113 section 8.3), checked. One object for all requests of a connection that say the same. */
export class RequestHead {
  readonly method: string
  readonly path: string
  /** Bytes of the body as the client announced them; undefined: it did not. */
  readonly contentLength: number | undefined
  /** For what the application finds out of it, so that it is found out once; forgotten with the head. */
  memo: unknown
  readonly #fields: ReadonlyMap<string, string>

  constructor(method: string, path: string, fields: ReadonlyMap<string, string>) {
    this.method = method
    this.path = path
    this.#fields = fields
    const length = fields.get('content-length')
    this.contentLength = length === undefined ? undefined : Number(length)
  }

  /** By its name in lower case; several values of one name are joined by commas. */
  field(name: string): string | undefined {
    return this.#fields.get(name)
  }
}

/** Takes the fields of one block in their order. */
export class HeadBuilder {
  readonly #pseudo = new Map<string, string>()
  readonly #fields = new Map<string, string>()
  #fault: string | undefined

  add(name: string, value: string): void {
    if (this.#fault !== undefined) return
    this.#fault = valueFault(value)
    if (this.#fault !== undefined) return
    if (name.startsWith(':')) this.#addPseudo(name, value)
    else this.#addField(name, value)
  }

  /** undefined: malformed (RFC 9113 section 8.1.1), `fault` says why. */
  head(): RequestHead | undefined {
    const [method, path] = [this.#pseudo.get(':method'), this.#pseudo.get(':path')]
    if (!this.#pseudo.has(':scheme') || method === undefined || path === undefined || path === '')
      this.#fault ??= 'a request without :method, :scheme or :path'
    const length = this.#fields.get('content-length')
    if (length !== undefined && !/^\d{1,15}$/.test(length))
      this.#fault ??= 'a content-length that is no number'
    if (this.#fault !== undefined || method === undefined || path === undefined) return undefined
    return new RequestHead(method, path, this.#fields)
  }

  /** Fields after a body are read and not used. */
  isTrailer(): boolean {
    return this.#fault === undefined && this.#pseudo.size === 0
  }

  get fault(): string | undefined {
    return this.#fault
  }

  #addPseudo(name: string, value: string): void {
    if (!PSEUDO.has(name) || this.#pseudo.has(name) || this.#fields.size > 0) this.#fault = `a wrong ${name}`
    else this.#pseudo.set(name, value)
  }

  #addField(name: string, value: string): void {
    if (!TOKEN.test(name)) this.#fault = 'a name with a character that no name has'
    else if (OF_A_CONNECTION.has(name) || (name === 'te' && value !== 'trailers'))
      this.#fault = `${name} in HTTP/2`
    const before = this.#fields.get(name)
    this.#fields.set(name, before === undefined ? value : `${before}, ${value}`)
  }
}

/** RFC 9113 section 8.2.1. */
function valueFault(value: string): string | undefined {
  if (isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(value.length - 1)))
    return 'a value with a space around it'
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at)
    if (code === 0 || code === 10 || code === 13) return 'a value with a line break or NUL'
  }
  return undefined
}

/** NaN, of an empty value, is none. */
function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

const PSEUDO: ReadonlySet<string> = new Set([':method', ':scheme', ':path', ':authority'])
/** RFC 9110 section 5.6.2, without upper case (RFC 9113 section 8.2.1). */
const TOKEN = /^[a-z0-9!#$%&'*+.^_`|~-]+$/
const OF_A_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])
