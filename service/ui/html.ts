import { attributeKind, type Place, placesOf } from './html-places.ts'

/** Markup. Only `html` makes it, so whatever else comes into a page is text. */
export class Html {
  readonly #text: string
  // Two classes of one shape would be the same type.
  readonly kind = 'html'

  private constructor(text: string) {
    this.#text = text
  }

  /** @internal for `html` alone */
  static of(text: string): Html {
    return new Html(text)
  }

  toString(): string {
    return this.#text
  }
}

/** An attribute that is there or not: `checked`, `hidden`, `aria-current="page"`. */
export class Attribute {
  readonly text: string
  readonly kind = 'attribute'

  constructor(name: string, value: string) {
    const kind = attributeKind(name)
    if (!/^[a-z][a-z-]*$/.test(name) || kind === 'code')
      throw new Error(`${name} is no attribute that a page may have`)
    if (kind === 'url') refuseForeign(value)
    this.text = `${name}="${escaped(value)}"`
  }
}

/** `attr('checked', isOn)`, `attr('aria-current', isHere, 'page')` */
export function attr(name: string, wanted: boolean, value = ''): Attribute | undefined {
  return wanted ? new Attribute(name, value) : undefined
}

export type Value = string | number | bigint | Html | Attribute | undefined | false | readonly Value[]

/**
 * A piece of a page. Every value is escaped for the place where it stands; markup is taken as it is in text alone, and
 * nothing but an Attribute may stand among attributes (html-places.ts). undefined and false are nothing.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  let places = PLACES.get(parts)
  if (places === undefined) PLACES.set(parts, (places = placesOf(parts)))
  let text = parts[0] ?? ''
  for (const [at, value] of values.entries()) text += printed(value, places[at]) + (parts[at + 1] ?? '')
  return Html.of(text)
}

/** Of each template in the sources: they are few, and never forgotten anyway. */
const PLACES = new WeakMap<TemplateStringsArray, readonly Place[]>()

function printed(value: Value, place: Place | undefined): string {
  if (value === undefined || value === false) return ''
  if (place?.kind === 'text') return inText(value)
  if (place?.kind === 'attribute') return inTag(value)
  if (typeof value === 'object') throw new Error('an attribute of a page holds text, not markup')
  const text = String(value)
  if (place?.url === true) refuseForeign(text)
  return escaped(text)
}

function refuseForeign(url: string): void {
  if (!LOCAL_OR_WEB.test(url)) throw new Error(`a page may not lead to ${JSON.stringify(url.slice(0, 80))}`)
}

function inText(value: Value): string {
  if (value instanceof Html) return value.toString()
  if (value instanceof Attribute) throw new Error('an attribute stands in the text of a page')
  if (isList(value)) return value.map(inText).join('')
  return value === undefined || value === false ? '' : escaped(String(value))
}

function inTag(value: Value): string {
  if (value instanceof Attribute) return value.text
  if (isList(value)) return value.map(inTag).join(' ')
  if (value === undefined || value === false) return ''
  throw new Error('a value stands among the attributes of a page')
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

/**
 * No scheme but the web's: `javascript:` in a link would be run. `//host` would leave us, and so would `/\host` and
 * `/<tab>/host`: browsers take a backslash for a slash, and tabs and line breaks for nothing.
 */
const LOCAL_OR_WEB = /^(?:\/(?![/\\])|\?|#|https?:\/\/|$)\P{Cc}*$/u

export function escaped(text: string): string {
  return text.replace(/[&<>"'`]/g, (char) => `&#${char.charCodeAt(0)};`)
}
