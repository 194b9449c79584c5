import { hash, randomBytes } from 'node:crypto'

/** What connections are counted by: HTTP and HTTPS are one. */
export const PROTOCOLS = ['http', 'grpc', 'resp'] as const
export type Protocol = (typeof PROTOCOLS)[number]

/** Why a connection was refused: the listener has as many as it may, or their address has. */
export const REFUSALS = ['full', 'address'] as const
export type Refusal = (typeof REFUSALS)[number]

/**
 * How many connections a process has open and refused, in memory that its threads share. Each writes its own row alone and
 * reads those of all, so a thread that dies takes nothing with it but its row:
 *
 *     row 0: main thread, and what ended threads refused    row 1, 2, …: threads
 *     ┌──────────────────┬─────────────────────────┬──────────────────────────────────────────────────┐
 *     │ open, a protocol │ refused, a protocol+why │ open by address: two cells of each, by its hash  │
 *     └──────────────────┴─────────────────────────┴──────────────────────────────────────────────────┘
 *
 * An address has as many as the smaller of its two cells says: another one that shares a cell changes nothing, and nobody
 * can choose which do, as the seed is random.
 */
export class ConnectionTable {
  readonly memory: SharedArrayBuffer
  readonly #seed: Uint8Array
  readonly #cells: Int32Array
  readonly #rows: number
  readonly #taken = new Set<number>()

  /** For `threads` beside the main thread; or of memory that was made so. */
  constructor(threads: number | SharedArrayBuffer) {
    this.memory =
      typeof threads === 'number'
        ? new SharedArrayBuffer(SEED_BYTES + (threads + 1) * ROW_CELLS * Int32Array.BYTES_PER_ELEMENT)
        : threads
    this.#seed = new Uint8Array(this.memory, 0, SEED_BYTES)
    if (typeof threads === 'number') this.#seed.set(randomBytes(SEED_BYTES))
    this.#cells = new Int32Array(this.memory, SEED_BYTES)
    this.#rows = this.#cells.length / ROW_CELLS
  }

  /** A row for a thread that begins; the main thread has row 0. undefined: all are taken. */
  take(): number | undefined {
    for (let row = 1; row < this.#rows; row += 1)
      if (!this.#taken.has(row)) {
        this.#taken.add(row)
        return row
      }
    return undefined
  }

  /** The thread has ended, and its connections with it. */
  give(row: number): void {
    const from = row * ROW_CELLS
    for (let cell = OPEN_CELLS; cell < HEAD_CELLS; cell += 1) this.#add(cell, this.#cells[from + cell] ?? 0)
    this.#cells.fill(0, from, from + ROW_CELLS)
    this.#taken.delete(row)
  }

  open(protocol: Protocol): number {
    return this.#sum(openCell(protocol))
  }

  refused(protocol: Protocol, why: Refusal): number {
    return this.#sum(refusedCell(protocol, why))
  }

  /** Where connections of an address are counted. */
  cellsOf(address: string): AddressCells {
    const bytes = hash('sha256', Buffer.concat([this.#seed, Buffer.from(address)]), 'buffer')
    const cell = (at: number): number => HEAD_CELLS + (bytes.readUInt32BE(at) % ADDRESS_CELLS)
    return [cell(0), cell(4)]
  }

  openAt([one, other]: AddressCells): number {
    return Math.min(this.#sum(one), this.#sum(other))
  }

  /** `by`: 1, or -1 when it is over. Only the thread whose row it is. */
  count(row: number, protocol: Protocol, address: AddressCells | undefined, by: 1 | -1): void {
    const from = row * ROW_CELLS
    this.#add(from + openCell(protocol), by)
    // They may be the same one.
    for (const cell of new Set(address)) this.#add(from + cell, by)
  }

  countRefused(row: number, protocol: Protocol, why: Refusal): void {
    this.#add(row * ROW_CELLS + refusedCell(protocol, why), 1)
  }

  #add(cell: number, by: number): void {
    this.#cells[cell] = (this.#cells[cell] ?? 0) + by
  }

  #sum(cell: number): number {
    let sum = 0
    for (let at = cell; at < this.#cells.length; at += ROW_CELLS) sum += Atomics.load(this.#cells, at)
    return sum
  }
}

export type AddressCells = readonly [number, number]

function openCell(protocol: Protocol): number {
  return PROTOCOLS.indexOf(protocol)
}

function refusedCell(protocol: Protocol, why: Refusal): number {
  return OPEN_CELLS + PROTOCOLS.indexOf(protocol) * REFUSALS.length + REFUSALS.indexOf(why)
}

const SEED_BYTES = 16
const OPEN_CELLS = PROTOCOLS.length
const HEAD_CELLS = OPEN_CELLS + PROTOCOLS.length * REFUSALS.length
/** 64 KB a thread. With 10,000 addresses connected two cells of one are both shared with others rarely, and hardly ever with one at its limit. */
const ADDRESS_CELLS = 16_384
const ROW_CELLS = HEAD_CELLS + ADDRESS_CELLS
