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
 * time the template is used: a value in a tag's name, in an attribute without double quotes, in a script, a style or a
 * comment.
 * @throws Error
 */
export function placesOf(parts: readonly string[]): Place[] {
  const scan = new Scan()
  return parts.slice(0, -1).map((part) => {
    scan.read(part)
    return scan.place()
  })
}

/** Attributes whose value a browser follows, or htmx does. */
const URLS: ReadonlySet<string> = new Set([
  'href',
  'src',
  'action',
  'formaction',
  'hx-get',
  'hx-post',
  'data-hx-get',
  'data-hx-post',
])

type State = 'text' | 'name' | 'tag' | 'before-value' | 'value' | 'comment' | 'raw'

class Scan {
  #state: State = 'text'
  #tag = ''
  #attribute = ''
  /** Something of the value was read already, so a value that follows does not say where it leads. */
  #begun = false

  read(part: string): void {
    let at = 0
    while (at < part.length) at = this.#step(part, at)
  }

  place(): Place {
    if (this.#state === 'text') return { kind: 'text' }
    if (this.#state === 'tag' && this.#attribute === '') return { kind: 'attribute' }
    if (this.#state === 'value') {
      const url = URLS.has(this.#attribute) && !this.#begun
      this.#begun = true
      return { kind: 'value', url }
    }
    throw new Error(
      `a template has a value where none can be made safe (${this.#state} of <${this.#tag}>): put it into text, or into an attribute in double quotes`,
    )
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
        this.#begun = false
        return at + 1
      case 'value':
        if (char === '"') {
          this.#state = 'tag'
          this.#attribute = ''
        } else this.#begun = true
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

/** What is in them is not read as text. */
const RAW: ReadonlySet<string> = new Set(['script', 'style'])
