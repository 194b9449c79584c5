import type { Issuer } from '../app/issuer.ts'
import { type ErrorCode, IdgenError } from '../core/errors.ts'
import { IdBatch, UUID_BYTES } from '../core/id-batch.ts'
import { writtenTexts } from '../core/id-printer.ts'
import { errorLine } from './error-line.ts'
import { PRINT_BYTES_MAX } from './id-odometer.ts'
import { type ReplyBuffer, UUID_REPLY_BYTES } from './reply-buffer.ts'
import type { TagName } from './tag-names.ts'

/** How one command wants its ID: a RESP integer (INCR), or a string (IDGEN.NEXT). */
export const AS_INTEGER = 0
export const AS_STRING = 1
export type IdForm = typeof AS_INTEGER | typeof AS_STRING

/** Of an answer that is an ID; errors make their own room. */
export const ANSWER_BYTES_MAX = Math.max(PRINT_BYTES_MAX, UUID_REPLY_BYTES)

/** The IDs of one tag in one burst: taken together, printed one by one. */
export class BurstTake {
  name: TagName
  wanted = 0
  /** Of these, the first ones, which the rate limits let through: so many IDs are taken. */
  admitted = 0
  /** Has its IDs, or its error. */
  settled = false
  readonly batch = new IdBatch()
  #error: IdgenError | undefined
  #errorText = ''
  /** Answers the commands that were not admitted. */
  #limitedText = ''
  #limitedCode: ErrorCode = 'IDGEN_RATE_LIMITED'
  #wideIntegers = false
  /** Where the print stands: runs begun, and numbers left of the last of them; or UUIDs printed. */
  #runsBegun = 0
  #leftInRun = 0
  #uuids: Uint8Array = NO_BYTES
  #uuidAt = 0
  /** Of a tag with a format; undefined: numbers are printed by the odometer. */
  #texts: readonly string[] | undefined
  #textAt = 0
  /** Commands answered by an error although there was an ID: it is no integer that clients can take. */
  #refused = 0

  constructor(name: TagName) {
    this.name = name
  }

  begin(name: TagName): void {
    this.name = name
    this.wanted = 0
    this.admitted = 0
    this.settled = false
    this.#error = undefined
    this.#refused = 0
    this.batch.clear()
  }

  fail(thrown: unknown): void {
    this.#error = IdgenError.from(thrown)
    this.#errorText = errorLine(this.#error)
    this.settled = true
  }

  /** Answers the commands that were not admitted. */
  limit(refusal: IdgenError): void {
    if (this.admitted === 0) this.fail(refusal)
    else {
      this.#limitedText = errorLine(refusal)
      this.#limitedCode = refusal.code
    }
  }

  beginPrint(wideIntegers: boolean): void {
    this.#wideIntegers = wideIntegers
    this.#runsBegun = 0
    this.#leftInRun = 0
    this.#uuidAt = 0
    this.#textAt = 0
    const { printer } = this.batch
    this.#texts =
      printer === undefined || this.batch.runCount === 0 ? undefined : writtenTexts(this.batch, printer)
    this.#uuids = this.batch.uuidCount > 0 ? this.batch.uuidBytes() : NO_BYTES
  }

  /** Answers the next command; `out` has room for ANSWER_BYTES_MAX. */
  print(form: IdForm, out: ReplyBuffer): void {
    if (this.#error !== undefined) return out.text(this.#errorText)
    if (this.#uuids.length > 0) return this.#printUuid(form, out)
    if (this.#texts !== undefined) return this.#printText(this.#texts, form, out)
    const { odometer } = this.name
    if (this.#leftInRun === 0) {
      const run = this.#runsBegun
      // As many IDs as were admitted: all of them are printed.
      if (run === this.batch.runCount) return out.text(this.#limitedText)
      odometer.set(this.batch.runHi(run), this.batch.runLo(run))
      this.#leftInRun = this.batch.runLength(run)
      this.#runsBegun = run + 1
    }
    this.#leftInRun -= 1
    if (form === AS_STRING) odometer.printString(out)
    else if (this.#wideIntegers || odometer.isSafe) odometer.printInteger(out)
    else {
      odometer.passOver()
      this.#refuse(out)
    }
  }

  /** Tells the issuer what became of the commands. Returns how many were answered with an ID, of which it is told for all tags. */
  report(issuer: Issuer, keyId: string): number {
    const { path, tag } = this.name
    if (this.#error !== undefined) {
      issuer.count(keyId, path, this.#error.code, this.wanted, 0)
      return 0
    }
    const limited = this.wanted - this.admitted
    if (limited > 0) issuer.count(keyId, path, this.#limitedCode, limited, 0)
    const answered = this.admitted - this.#refused
    if (answered > 0) tag?.countAnswered(keyId, answered)
    if (this.#refused > 0) issuer.count(keyId, path, 'IDGEN_NUMBER_UNSAFE', this.#refused, 0)
    return answered
  }

  #printUuid(form: IdForm, out: ReplyBuffer): void {
    if (this.#uuidAt === this.#uuids.length) return out.text(this.#limitedText)
    if (form === AS_STRING) out.uuid(this.#uuids, this.#uuidAt)
    else this.#refuse(out)
    this.#uuidAt += UUID_BYTES
  }

  #printText(texts: readonly string[], form: IdForm, out: ReplyBuffer): void {
    const text = texts[this.#textAt]
    if (text === undefined) return out.text(this.#limitedText)
    if (form === AS_STRING) out.bulk(text)
    else this.#refuse(out)
    this.#textAt += 1
  }

  /** The ID is burnt: whether it is an integer shows only once it is there. */
  #refuse(out: ReplyBuffer): void {
    this.#refused += 1
    out.text(errorLine(notAnInteger(this.name.path, this.batch)))
  }
}

function notAnInteger(path: string, { algorithm, printer }: IdBatch): IdgenError {
  if (printer !== undefined)
    return new IdgenError(
      'IDGEN_NUMBER_UNSAFE',
      `${path} writes its IDs in a format, which are no integers: ask by IDGEN.NEXT, which answers a string.`,
    )
  return new IdgenError(
    'IDGEN_NUMBER_UNSAFE',
    `${path} issues by ${algorithm} now, whose IDs are no integers up to 2^53 - 1: ask by IDGEN.NEXT, which answers a string.`,
  )
}

const NO_BYTES = new Uint8Array(0)
