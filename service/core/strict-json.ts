import type { FieldFault } from './errors.ts'

/**
 * Reads JSON that a person may have written: every fault is collected with its path, unknown fields included, and a
 * reader gives undefined where there was one. So one look tells a person all that is wrong.
 */
export class StrictJson {
  readonly faults: FieldFault[] = []

  /** The object in `text`, or undefined with the reason in `faults`. */
  parse(text: string): Readonly<Record<string, unknown>> | undefined {
    if (text.length > TEXT_MAX) return this.#fault('/', `must have at most ${TEXT_MAX} characters`)
    try {
      return this.#object('/', JSON.parse(text))
    } catch {
      // What JSON.parse says differs between engines and quotes the text; where the fault is, an editor shows.
      return this.#fault('/', 'must be valid JSON')
    }
  }

  /** Every field must be there, and no other one. */
  fields(path: string, object: Readonly<Record<string, unknown>>, names: readonly string[]): void {
    for (const name of Object.keys(object))
      if (!names.includes(name)) this.#fault(`${path}/${name.slice(0, SHOWN_MAX)}`, 'is not known here')
    for (const name of names) if (!Object.hasOwn(object, name)) this.#fault(`${path}/${name}`, 'is required')
  }

  /** A field that is missing was told by `fields` and is no second fault. */
  object(path: string, value: unknown): Readonly<Record<string, unknown>> | undefined {
    return value === undefined ? undefined : this.#object(path, value)
  }

  text(path: string, value: unknown, fault: (text: string) => string | undefined): string | undefined {
    if (value === undefined) return undefined
    if (typeof value !== 'string') return this.#fault(path, `must be text, not ${shown(value)}`)
    const found = fault(value)
    return found === undefined ? value : this.#fault(path, found)
  }

  integer(path: string, value: unknown): number | undefined {
    if (value === undefined) return undefined
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value
    return this.#fault(path, `must be an integer, not ${shown(value)}`)
  }

  /** The end of a stretch of numbers: 2^53 itself is the end of the last one. */
  end(path: string, value: unknown): number | undefined {
    return value === 2 ** 53 ? 2 ** 53 : this.integer(path, value)
  }

  /** A list of some of `allowed`. */
  choices<T extends string>(path: string, value: unknown, allowed: readonly T[]): readonly T[] | undefined {
    if (value === undefined) return undefined
    if (!Array.isArray(value) || value.length > LIST_MAX)
      return this.#fault(path, `must be a list of at most ${LIST_MAX}, not ${shown(value)}`)
    const chosen = value.map((item: unknown) => allowed.find((one) => one === item))
    if (chosen.every((item) => item !== undefined)) return chosen
    return this.#fault(path, `must name only ${allowed.join(', ')}`)
  }

  #object(path: string, value: unknown): Readonly<Record<string, unknown>> | undefined {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Readonly<Record<string, unknown>>
    return this.#fault(path, `must be an object, not ${shown(value)}`)
  }

  #fault(path: string, message: string): undefined {
    this.faults.push({ path, message })
    return undefined
  }
}

/** A record of ours has below 1 KB; more was put there by mistake. */
const TEXT_MAX = 16_384
/** More algorithms than there are. */
const LIST_MAX = 16
const SHOWN_MAX = 40

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, SHOWN_MAX)) : String(value)
  return text.slice(0, SHOWN_MAX)
}
