import { authorize, type Caller } from '../app/authenticator.ts'
import type { Issuer } from '../app/issuer.ts'
import type { CallerPlaces } from '../app/rate-limits.ts'
import { IdgenError } from '../core/errors.ts'
import { IdBatch } from '../core/id-batch.ts'
import { isScarce } from '../core/is-scarce.ts'
import { ANSWER_BYTES_MAX, AS_INTEGER, BurstTake, type IdForm } from './burst-take.ts'
import type { InputBytes } from './input-bytes.ts'
import type { ReplyBuffer } from './reply-buffer.ts'
import type { TagName, TagNames } from './tag-names.ts'

/** Commands in one burst; more make the next one. Bounds what a burst holds: 1024 batches, 45 KB of answers. */
export const BURST_MAX = 1024

/**
 * Commands for single IDs that came together: gathered, taken and answered in three passes, so that a hundred commands
 * of one tag cost one look at the clock, one batch and one line in the ledger.
 *
 *     INCR a   INCR b   INCR a   …           #operations: which take, and in which form
 *     take 0: a × 2      take 1: b × 1       one batch each
 *     :7  :100  :8                           answers in the order of the commands
 */
export class Burst {
  readonly #operations = new Int32Array(BURST_MAX)
  readonly #takes: BurstTake[] = []
  #count = 0
  #takeCount = 0
  /** Tells the names of this burst from those of the one before. */
  #number = nextNumber()

  get count(): number {
    return this.#count
  }

  get full(): boolean {
    return this.#count === BURST_MAX
  }

  begin(): void {
    this.#count = 0
    this.#takeCount = 0
    this.#number = nextNumber()
    // A burst of a thousand tags is rare; what it needed is not kept for ever.
    if (this.#takes.length > TAKES_KEPT) this.#takes.length = TAKES_KEPT
  }

  add(name: TagName, form: IdForm): void {
    let index = name.takeIndex
    if (name.burst !== this.#number) {
      index = this.#takeCount
      this.#takeCount += 1
      name.burst = this.#number
      name.takeIndex = index
      const kept = this.#takes[index]
      if (kept === undefined) this.#takes.push(new BurstTake(name))
      else kept.begin(name)
    }
    this.#takeAt(index).wanted += 1
    this.#operations[this.#count] = (index << 1) | form
    this.#count += 1
  }

  /**
   * Adds the complete `INCR` commands from `at` on, as long as they have the form that clients send, and returns where
   * they end. What has another form is left to CommandParser.
   */
  gather(input: InputBytes, from: number, end: number, names: TagNames): number {
    const { bytes, view } = input
    let at = from
    while (this.#count < BURST_MAX && at + SHORTEST_INCR <= end) {
      if (view.getInt32(at, true) !== ARRAY_OF_2 || view.getInt32(at + 4, true) !== STRING_OF_4) break
      if ((view.getInt32(at + 8, true) | LOWER_CASE) !== INCR) break
      if ((view.getInt32(at + 12, true) & 0xffffff) !== NEXT_STRING) break
      let length = (bytes[at + 15] ?? 0) - ZERO
      // What is no digit is no length, here as in CommandParser: else it would depend on how bytes arrive.
      if (length > 9) break
      let begin = at + 16
      const second = (bytes[begin] ?? 0) - ZERO
      if (second >= 0 && second <= 9) {
        length = length * 10 + second
        begin += 1
      }
      if (length < 1 || bytes[begin] !== CR || bytes[begin + 1] !== LF) break
      begin += 2
      const after = begin + length
      if (after + 2 > end || bytes[after] !== CR || bytes[after + 1] !== LF) break
      this.add(names.find(input, begin, length), AS_INTEGER)
      at = after + 2
    }
    return at
  }

  /** Takes what is in memory, all at one look at the clock. false: something is not; `takeRest` waits for it. */
  take(issuer: Issuer, caller: Caller, places: CallerPlaces, nowMs: number): boolean {
    const { rates } = issuer
    const ratesNow = rates.now()
    this.#admit(rates.admitAtPlaces(places, this.#count, ratesNow))
    let complete = true
    let taken = 0
    for (let i = 0; i < this.#takeCount; i += 1) {
      const take = this.#takeAt(i)
      const { name, wanted, batch } = take
      try {
        const tag = (name.tag ??= issuer.remember(name.path))
        if (name.mayIssue !== caller) {
          authorize(caller, 'issue', name.path)
          name.mayIssue = caller
        }
        const admitted = tag.admit(take.admitted, ratesNow)
        take.admitted = admitted
        if (admitted < wanted) take.limit(rates.refusal(places.address, caller.keyId, name.path, ratesNow))
        if (!take.settled && tag.tryTake(admitted, batch, nowMs)) {
          take.settled = true
          taken += admitted
        }
      } catch (thrown) {
        take.fail(thrown)
      }
      complete &&= take.settled
    }
    if (taken > 0) issuer.countTaken(taken)
    return complete
  }

  /** The first `admitted` of the commands pass the limits of their caller. */
  #admit(admitted: number): void {
    const all = admitted === this.#count
    for (let i = 0; i < this.#takeCount; i += 1) {
      const take = this.#takeAt(i)
      take.admitted = all ? take.wanted : 0
    }
    for (let i = 0; !all && i < admitted; i += 1) this.#takeAt((this.#operations[i] ?? 0) >> 1).admitted += 1
  }

  /** Waits for what `take` did not have; never rejects: errors are answers. */
  async takeRest(issuer: Issuer): Promise<void> {
    const waits: Promise<void>[] = []
    for (let i = 0; i < this.#takeCount; i += 1) {
      const take = this.#takeAt(i)
      const { name, admitted, batch } = take
      if (take.settled) continue
      const waited = issuer.take(name.path, admitted, batch, admitted).then(
        () => {
          take.settled = true
        },
        (thrown: unknown) => this.#takeFewer(issuer, take, thrown),
      )
      waits.push(waited)
    }
    await Promise.all(waits)
  }

  /** Commands that were asked for together are refused together only for what each alone is refused for. Never rejects. */
  async #takeFewer(issuer: Issuer, take: BurstTake, thrown: unknown): Promise<void> {
    const { name, batch, admitted } = take
    if (admitted === 1 || !isScarce(IdgenError.from(thrown))) return take.fail(thrown)
    const one = new IdBatch()
    batch.clear()
    try {
      // As many rounds as a burst has commands, at most.
      while (batch.count < admitted) {
        one.clear()
        await issuer.take(name.path, 1, one, 1)
        if (!append(one, batch)) throw thrown
      }
    } catch (last) {
      if (batch.count === 0) return take.fail(last)
      take.admitted = batch.count
      take.limit(IdgenError.from(last))
    }
    take.settled = true
  }

  /** Every command is answered by this error: nobody is known who could issue. */
  failAll(thrown: unknown): void {
    for (let i = 0; i < this.#takeCount; i += 1) this.#takeAt(i).fail(thrown)
  }

  /** Answers every command, in order. */
  print(out: ReplyBuffer, wideIntegers: boolean): void {
    for (let i = 0; i < this.#takeCount; i += 1) this.#takeAt(i).beginPrint(wideIntegers)
    for (let i = 0; i < this.#count; i += 1) {
      const operation = this.#operations[i] ?? 0
      out.reserve(ANSWER_BYTES_MAX)
      this.#takeAt(operation >> 1).print((operation & 1) as IdForm, out)
    }
  }

  /** Tells the issuer what became of the commands. */
  report(issuer: Issuer, keyId: string): void {
    let answered = 0
    for (let i = 0; i < this.#takeCount; i += 1) answered += this.#takeAt(i).report(issuer, keyId)
    if (answered > 0) issuer.countAnswered(answered)
  }

  #takeAt(index: number): BurstTake {
    return this.#takes[index] as BurstTake
  }
}

/** A number behind those of the same algorithm; false: it is something else, and burnt. */
function append(one: IdBatch, batch: IdBatch): boolean {
  if (one.runCount !== 1 || (batch.count > 0 && batch.algorithm !== one.algorithm)) return false
  batch.algorithm = one.algorithm
  batch.degraded = one.degraded
  batch.printer = one.printer
  batch.pushRun(one.runHi(0), one.runLo(0), 1)
  return true
}

/** `*2\r\n$4\r\nINCR\r\n$1\r\nt\r\n` */
const SHORTEST_INCR = 21
/** Four characters as the little-endian word they are read as. */
const ARRAY_OF_2 = word('*2\r\n')
const STRING_OF_4 = word('$4\r\n')
const INCR = word('incr')
/** Set in lower-case letters: names of commands are read in either case. */
const LOWER_CASE = 0x20202020
const NEXT_STRING = word('\r\n$\0')
const ZERO = 48
const CR = 13
const LF = 10
/** Takes, with their batches, that a burst keeps for the next one: 100 KB. */
const TAKES_KEPT = 256

/** Never 0, where names begin, and never again: counted up to 2^53. */
let lastNumber = 0

function nextNumber(): number {
  lastNumber += 1
  return lastNumber
}

function word(text: string): number {
  return Buffer.from(text, 'latin1').readInt32LE(0)
}
