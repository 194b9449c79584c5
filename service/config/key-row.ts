/**
 * One row of the registry of configuration keys (keys.ts): all that is known about a key, as data. Loading,
 * validation, docs/configuration.md and the type `Config` are derived from it.
 */
export type KeyRow = TextRow | UrlRow | NumberRow | InstantRow | BooleanRow | ChoiceRow

interface RowBase {
  /** One or two sentences: what it does, what too small and too large mean, how it relates to other keys. */
  readonly doc: string
  /** live: a change of file or etcd is in force within 2 s. restart: reported, in force at the next start. */
  readonly reload: 'live' | 'restart'
  /**
   * Only by file or environment, like secrets: etcd cannot say how etcd is reached, nor what differs between processes. Who
   * writes it must not learn secrets either, nor open what is guarded: so with each address that a secret is sent to, and with
   * what decides who needs a key and what is encrypted.
   */
  readonly local?: true
  /** Never printed; may also be given as a file (`…File` in YAML, `…_FILE` in the environment). */
  readonly secret?: true
}

/** Text without control characters. A path is relative to the working directory. */
export interface TextRow extends RowBase {
  readonly kind: 'string' | 'path'
  readonly default: string
  /** Shown instead of an empty default, e.g. "the host name". */
  readonly emptyMeans?: string
  /** Of text that is not empty, in characters: a secret that can be guessed is none. */
  readonly minLength?: number
  /** Left out: what a name, a path or a URL needs. */
  readonly maxLength?: number
}

export interface UrlRow extends RowBase {
  readonly kind: 'url'
  readonly default: string
  readonly schemes: readonly string[]
  readonly emptyMeans: string
}

/** `min` and `max` are included. A duration is milliseconds; text with a unit (500ms, 30s, 5m, 1h, 1d) also serves. */
export interface NumberRow extends RowBase {
  readonly kind: 'integer' | 'number' | 'duration_ms'
  readonly default: number
  readonly min: number
  readonly max: number
  /** Of an integer, for people: "bytes", "IDs". */
  readonly unit?: string
}

/** A moment: Unix milliseconds, or ISO 8601 text in UTC. */
export interface InstantRow extends RowBase {
  readonly kind: 'instant'
  readonly default: number
  readonly min: number
  readonly max: number
}

export interface BooleanRow extends RowBase {
  readonly kind: 'boolean'
  readonly default: boolean
}

export interface ChoiceRow extends RowBase {
  readonly kind: 'enum'
  readonly default: string
  readonly values: readonly string[]
}

/** What a key of this row holds in `Config`. */
export type KeyValue<Row extends KeyRow> = Row extends { readonly values: readonly (infer Choice)[] }
  ? Choice
  : Row extends { readonly kind: 'boolean' }
    ? boolean
    : Row extends { readonly kind: 'integer' | 'number' | 'duration_ms' | 'instant' }
      ? number
      : string

/**
 * The longest duration a key may allow: setTimeout takes a signed 32-bit number of milliseconds (24.8 days) and
 * fires at once above it, which would turn a long period into a busy loop.
 */
export const DURATION_MAX_MS = 2 ** 31 - 1
