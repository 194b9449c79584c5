import { readFileSync, statSync } from 'node:fs'
import type { FieldFault } from '../core/errors.ts'
import type { Raw } from './parse-value.ts'

/** A value as it was given, not yet checked, and where: "idgen.yaml:3:9" or a variable's name. */
export interface Setting {
  readonly raw: Raw
  readonly source: string
}

/** What one source (the file, the environment) sets, and what is wrong with it. */
export interface Layer {
  readonly settings: ReadonlyMap<string, Setting>
  readonly faults: readonly FieldFault[]
  /** Files that hold its secrets. */
  readonly secretFiles?: readonly string[]
  /** Nothing could be read of it, so what it would set is not known. */
  readonly broken?: boolean
}

/** A configuration or secret is a few kilobytes; a larger file is another one, given by mistake. */
export const FILE_MAX_BYTES = 1_048_576

/** The text of a small file, or why there is none ("cannot be read (ENOENT)"); never its content in the reason. */
export function readSmallFile(path: string): { readonly text: string } | { readonly fault: string } {
  try {
    // First, because reading a device or a pipe could take for ever.
    const status = statSync(path)
    if (!status.isFile()) return { fault: 'is not a file' }
    if (status.size > FILE_MAX_BYTES) return { fault: `is larger than ${FILE_MAX_BYTES} bytes` }
    return { text: readFileSync(path, 'utf8') }
  } catch (error) {
    return { fault: `cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})` }
  }
}

/** A secret from a file. The line break that editors and `echo` add at the end does not belong to it. */
export function readSecret(path: string): { readonly text: string } | { readonly fault: string } {
  const file = readSmallFile(path)
  return 'text' in file ? { text: file.text.replace(/\r?\n$/, '') } : file
}

/** A value in a message: quoted where it is text, and cut, because a whole file could stand there by mistake. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`
}

const SHOWN_MAX = 80
