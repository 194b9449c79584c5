import { authorize, type Caller } from '../app/authenticator.ts'
import type { Issuer } from '../app/issuer.ts'
import { addToPair, decimalText } from '../core/decimal.ts'
import { IdgenError } from '../core/errors.ts'
import { IdBatch } from '../core/id-batch.ts'
import type { Answer, Command, CommandContext } from './command.ts'
import { errorLine } from './error-line.ts'
import type { ReplyBuffer } from './reply-buffer.ts'
import { tracedCommand } from './traced-command.ts'

/**
 * Many IDs by one command. Single ones (INCR, INCRBY 1, IDGEN.NEXT) are gathered into bursts before they get here: what
 * arrives is a name that no tag can have.
 */
export const ISSUE_COMMANDS: Readonly<Record<string, Command>> = {
  incr: { least: 1, most: 1, run: refuseName },
  'idgen.next': { least: 1, most: 1, run: refuseName },
  incrby: {
    least: 2,
    most: 2,
    run: (context, words) =>
      tracedCommand(context, 'INCRBY', () => issue(context, words, takeRun, printLast)),
  },
  'idgen.runs': {
    least: 2,
    most: 2,
    run: (context, words) =>
      tracedCommand(context, 'IDGEN.RUNS', () => issue(context, words, takeRuns, printRuns)),
  },
}

/** What one command asks for. */
interface Order {
  readonly path: string
  readonly count: number
}

/** Takes at once, or returns a promise of the batches. @throws or rejects with an IdgenError */
type Taken = (issuer: Issuer, order: Order) => IdBatch[] | Promise<IdBatch[]>
type Print = (batches: readonly IdBatch[], order: Order, out: ReplyBuffer) => void

function issue(
  context: CommandContext,
  [path = '', countText = '']: readonly string[],
  taken: Taken,
  print: Print,
): void | Promise<Answer> {
  const { issuer, session, out } = context
  const { keyText, keyDigest } = session
  const caller = issuer.peekCaller(keyText, keyDigest)
  const attempt = new Attempt(context, path, print)
  if (caller !== undefined) {
    const answer = attempt.answered(() => attempt.take(caller, countText, taken))
    return typeof answer === 'function' ? answer(out) : answer
  }
  return issuer.authenticate(keyText, session.client).then(
    (known) => attempt.answered(() => attempt.take(known, countText, taken)),
    (thrown: unknown) => attempt.failed(thrown),
  )
}

/** One command on its way: remembers who asked, so that failures are counted for them. */
class Attempt {
  readonly #issuer: Issuer
  readonly #client: string
  readonly #clientDc: number
  readonly #path: string
  readonly #print: Print
  #keyId = 'none'
  #order: Order

  constructor({ issuer, session }: CommandContext, path: string, print: Print) {
    this.#issuer = issuer
    this.#client = session.client
    this.#clientDc = session.clientDc
    this.#path = path
    this.#print = print
    this.#order = { path, count: 0 }
  }

  take(caller: Caller, countText: string, taken: Taken): IdBatch[] | Promise<IdBatch[]> {
    const { rates } = this.#issuer
    rates.admitAddress(this.#client)
    this.#keyId = caller.keyId
    rates.admitKey(caller.keyId)
    authorize(caller, 'issue', this.#path)
    rates.admitTag(this.#path)
    this.#order = { path: this.#path, count: countOf(countText, this.#issuer.limits.maxRuns) }
    return taken(this.#issuer, this.#order)
  }

  /** The answer, whatever becomes of it; a promise only where the IDs are one. */
  answered(take: () => IdBatch[] | Promise<IdBatch[]>): Answer | Promise<Answer> {
    try {
      const batches = take()
      if (Array.isArray(batches)) return this.#succeeded(batches)
      return batches.then(
        (late) => this.#succeeded(late),
        (thrown: unknown) => this.failed(thrown),
      )
    } catch (thrown) {
      return this.failed(thrown)
    }
  }

  failed(thrown: unknown): Answer {
    const error = IdgenError.from(thrown)
    this.#issuer.countClients(this.#clientDc, 1)
    this.#issuer.count(this.#keyId, this.#path, error.code, 1, 0)
    return (out) => out.text(errorLine(error))
  }

  #succeeded(batches: readonly IdBatch[]): Answer {
    this.#issuer.countClients(this.#clientDc, 1)
    this.#issuer.count(this.#keyId, this.#path, 'ok', 1, this.#order.count)
    return (out) => this.#print(batches, this.#order, out)
  }
}

/** @throws IDGEN_COUNT_OUT_OF_RANGE, IDGEN_REQUEST_INVALID */
function countOf(text: string, max: number): number {
  const count = Number(text)
  if (!INTEGER.test(text))
    throw new IdgenError(
      'IDGEN_REQUEST_INVALID',
      `${JSON.stringify(text.slice(0, 40))} is no count: write an integer from 1 to ${max}.`,
    )
  if (count >= 1 && count <= max) return count
  throw new IdgenError('IDGEN_COUNT_OUT_OF_RANGE', `The count is ${text}; it may be 1 to ${max}.`)
}

/** As Redis takes one: no sign but a minus, and no zeros before it, which in other places make it octal. */
const INTEGER = /^(?:0|-?[1-9]\d{0,14})$/

/** The last of `count` consecutive numbers, as INCRBY of a counter would answer. */
function takeRun(issuer: Issuer, { path, count }: Order): IdBatch[] | Promise<IdBatch[]> {
  const batch = new IdBatch()
  if (issuer.tryTakeRun(path, count, batch)) return [batch]
  return issuer.takeRun(path, count, batch).then(() => [batch])
}

function printLast([batch]: readonly IdBatch[], { count }: Order, out: ReplyBuffer): void {
  if (batch === undefined) return
  const { hi, lo } = addToPair(batch.runHi(0), batch.runLo(0), count - 1)
  out.integer(decimalText(hi, lo))
}

/**
 * What may be printed one by one first, to see what the tag gives: UUIDs have no runs, and a million of them would be
 * made only to be dropped.
 */
function takeRuns(issuer: Issuer, order: Order): IdBatch[] | Promise<IdBatch[]> {
  if (issuer.issuesBy(order.path) !== undefined) return takeKnownRuns(issuer, order)
  return issuer.prepare(order.path).then(() => takeKnownRuns(issuer, order))
}

function takeKnownRuns(issuer: Issuer, { path, count }: Order): IdBatch[] | Promise<IdBatch[]> {
  // Before anything is spent: of a tag that writes dates it would be missing for the rest of the date.
  if (issuer.issuesBy(path)?.formatted === true) throw formattedRuns(path)
  const few = Math.min(count, issuer.limits.maxText)
  const first = new IdBatch()
  if (!issuer.tryTake(path, few, first, 1)) return takeRunsLate(issuer, { path, count }, first)
  refuseTexts(path, first)
  if (few === count) return [first]
  const rest = new IdBatch()
  if (issuer.tryTake(path, count - few, rest, 0)) {
    refuseTexts(path, rest)
    return [first, rest]
  }
  return takeRest(issuer, { path, count: count - few }, first, rest)
}

async function takeRunsLate(issuer: Issuer, { path, count }: Order, first: IdBatch): Promise<IdBatch[]> {
  const few = Math.min(count, issuer.limits.maxText)
  await issuer.take(path, few, first, 1)
  refuseTexts(path, first)
  return few === count ? [first] : await takeRest(issuer, { path, count: count - few }, first, new IdBatch())
}

async function takeRest(
  issuer: Issuer,
  { path, count }: Order,
  first: IdBatch,
  rest: IdBatch,
): Promise<IdBatch[]> {
  await issuer.take(path, count, rest, 0)
  refuseTexts(path, rest)
  return [first, rest]
}

function formattedRuns(path: string): IdgenError {
  return new IdgenError(
    'IDGEN_REQUEST_INVALID',
    `${path} writes its IDs in a format, so there are no runs of it: ask by IDGEN.NEXT.`,
  )
}

function refuseTexts(path: string, { uuidCount, algorithm, printer }: IdBatch): void {
  if (printer !== undefined) throw formattedRuns(path)
  if (uuidCount === 0) return
  throw new IdgenError(
    'IDGEN_REQUEST_INVALID',
    `${path} issues by ${algorithm} now, which has no runs: ask by IDGEN.NEXT.`,
  )
}

/** `[[first, count], …]`; the first as a string, since it may be above 2^53. */
function printRuns(batches: readonly IdBatch[], _order: Order, out: ReplyBuffer): void {
  out.array(batches.reduce((runs, { runCount }) => runs + runCount, 0))
  for (const batch of batches)
    for (let run = 0; run < batch.runCount; run += 1) {
      out.array(2)
      out.bulk(decimalText(batch.runHi(run), batch.runLo(run)))
      out.integer(batch.runLength(run))
    }
}

function refuseName({ out, issuer, session }: CommandContext, [name = '']: readonly string[]): void {
  const error = new IdgenError(
    'IDGEN_NAME_INVALID',
    `${JSON.stringify(name.slice(0, 80))} is not a tag: write workspace/group/tag.`,
  )
  issuer.countClients(session.clientDc, 1)
  issuer.count('none', '', error.code, 1, 0)
  out.text(errorLine(error))
}
