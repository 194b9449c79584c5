/**
 * Where in a template a value stands. What may stand there, and how it is escaped, follows from it:
 *
 *     <a ${attribute} href="${value}">${text}</a>
 */
export type Place =
  | { readonly kind: 'text' }
  | { readonly kind: 'value'; readonly url: boolean }
  | { readonly kind: 'attribute' }

/**
 * The place of every value between the fixed parts of a template. What no escaping makes safe is refused here, the first
 * time the template is used: a value in a tag's name, in an attribute without double quotes or that is code, in a script, a
 * style or a comment, or where it could lead to another host.
 * @throws Error
 */
export function placesOf(parts: readonly string[]): Place[] {
  const scan = new Scan()
  return parts.slice(0, -1).map((part) => {
    scan.read(part)
    return scan.place()
  })
}

export type AttributeKind = 'text' | 'url' | 'code'

/** What a browser, or htmx, does with the value of an attribute. */
export function attributeKind(name: string): AttributeKind {
  if (URL_ATTRIBUTE.test(name)) return 'url'
  return CODE_ATTRIBUTE.test(name) ? 'code' : 'text'
}

/** It is followed. */
const URL_ATTRIBUTE =
  /^(?:(?:xlink:)?href|src|action|formaction|poster|data|background|cite|manifest|(?:data-)?hx-(?:get|post|put|patch|delete))$/
/**
 * It is run, or read as markup, style or a list of addresses: no escaping of characters helps there. Of htmx nearly all is so
 * (`hx-vals`, `hx-on`, a filter in `hx-trigger`).
 */
const CODE_ATTRIBUTE = /^(?:on.*|style|srcdoc|srcset|imagesrcset|ping|(?:data-)?hx-.*)$/

type State = 'text' | 'name' | 'tag' | 'before-value' | 'value' | 'comment' | 'raw'

class Scan {
  #state: State = 'text'
  #tag = ''
  #attribute = ''
  /** What was read of the attribute's value; VALUE for each value in it. */
  #read = ''

  read(part: string): void {
    let at = 0
    while (at < part.length) at = this.#step(part, at)
  }

  place(): Place {
    if (this.#state === 'text') return { kind: 'text' }
    if (this.#state === 'tag' && this.#attribute === '') return { kind: 'attribute' }
    if (this.#state === 'value') return this.#inValue()
    throw new Error(
      `a template has a value where none can be made safe (${this.#state} of <${this.#tag}>): put it into text, or into an attribute in double quotes`,
    )
  }

  #inValue(): Place {
    const kind = attributeKind(this.#attribute)
    if (kind === 'code') throw new Error(`a template has a value in ${this.#attribute}, which is code`)
    const isFirst = this.#read === ''
    // Behind the host no value can change it any more.
    if (kind === 'url' && !isFirst && !HOST_IS_FIXED.test(this.#read))
      throw new Error(
        `a template has a value in ${this.#attribute} that could name another host: let the text before it go beyond the first /, or make one value of it`,
      )
    this.#read += VALUE
    return { kind: 'value', url: kind === 'url' && isFirst }
  }

  #step(part: string, at: number): number {
    const char = part[at] ?? ''
    switch (this.#state) {
      case 'text':
        return this.#inText(part, at)
      case 'name':
        return this.#inName(char, at)
      case 'tag':
        this.#inTag(char)
        return at + 1
      case 'before-value':
        if (char !== '"')
          throw new Error(`the attribute ${this.#attribute} of a template has no double quotes`)
        this.#state = 'value'
        this.#read = ''
        return at + 1
      case 'value':
        if (char === '"') {
          this.#state = 'tag'
          this.#attribute = ''
        } else this.#read += char
        return at + 1
      case 'comment':
        return this.#until(part, at, '-->')
      case 'raw':
        return this.#until(part, at, `</${this.#tag}>`)
      default:
        return this.#state satisfies never
    }
  }

  #inText(part: string, at: number): number {
    if (part.startsWith('<!--', at)) {
      this.#state = 'comment'
      return at + 4
    }
    if (part[at] === '<') {
      this.#state = 'name'
      this.#tag = ''
    }
    return at + 1
  }

  #inName(char: string, at: number): number {
    if (/[\s>]/.test(char)) {
      this.#state = 'tag'
      this.#attribute = ''
      return at
    }
    this.#tag += char.toLowerCase()
    return at + 1
  }

  #inTag(char: string): void {
    if (char === '>') this.#state = RAW.has(this.#tag) ? 'raw' : 'text'
    else if (char === '=') this.#state = 'before-value'
    else if (/[\s/]/.test(char)) this.#attribute = ''
    else this.#attribute += char.toLowerCase()
  }

  #until(part: string, at: number, end: string): number {
    if (!part.startsWith(end, at)) return at + 1
    this.#state = 'text'
    return at + end.length
  }
}

/** No template has it. */
const VALUE = '\0'
/** `/ui…`, `?…`, `https://host/…`, or a value that was checked and then its query. */
// oxlint-disable-next-line no-control-regex -- VALUE is one
const HOST_IS_FIXED = /^(?:\/[^/\\\s\0]|[?#]|https?:\/\/[^/?#\\\s\0]+[/?#]|\0[?#])/

/** What is in them is not read as text. */
const RAW: ReadonlySet<string> = new Set(['script', 'style'])
