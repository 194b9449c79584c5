import type { IdgenError } from '../core/errors.ts'

/**
 * An error as Redis clients take it: a word that says what kind it is, the code, the text. The cause stays in the log:
 * what a foreign library says may name hosts or queries.
 */
export function errorLine(error: IdgenError): string {
  return plainErrorLine(error.row.resp, `${error.code} ${error.message}`)
}

/** Of errors that every Redis server has; `word` is ERR, WRONGPASS … */
export function plainErrorLine(word: string, text: string): string {
  const clean = text.replaceAll(CONTROLS, ' ')
  const short = clean.length <= TEXT_MAX ? clean : `${clean.slice(0, TEXT_MAX - 3)}...`
  return `-${word} ${short}\r\n`
}

/** A line break in the text would end the answer; beyond ASCII there is no agreement between clients. */
const CONTROLS = /[^\x20-\x7e]/g
/** The longest of ours, with names in it; a pipeline of errors must not become megabytes. */
const TEXT_MAX = 500
