import type { Clock } from '../ports/clock.ts'

/** Whose connection it is. */
export interface Staller {
  /** The id of its key; undefined: a stranger, who has shown none. */
  readonly keyId: string | undefined
  /** Its address, as the limits count it. */
  readonly address: string
}

/**
 * How much is kept for clients that do not read their answers, all together: what they sent, and the answers. Each is cut
 * off when it stays so for `timeoutMs`, but by then as many as may connect would hold gigabytes. So when the room is used
 * up, one of those goes who take most of it: within the key or the address that holds more, who has stalled longest (of the
 * key's, at its address that holds most, and the other way round). By the key alone, who has several keys would have others
 * cut off that have one; by the address alone, who has several addresses. Were it the newcomers, or of all together who stalled longest, then one client with a few hundred connections
 * could have others cut off that are slow for a moment. Strangers have a small room of their own for the same reason.
 */
export class StalledClients {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #known = new Room(KNOWN_BYTES_MAX)
  readonly #strangers = new Room(STRANGERS_BYTES_MAX)

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  /** For one connection, all its life. `cutOff` is called once, while it stalls. */
  client(cutOff: () => void): StalledClient {
    return new StalledClient(this.#clock, this.#timeoutMs, (stall) => this.#roomOf(stall.who), cutOff)
  }

  #roomOf({ keyId }: Staller): Room {
    return keyId === undefined ? this.#strangers : this.#known
  }
}

interface Stall {
  readonly who: Staller
  readonly bytes: number
  /** Monotonic. */
  readonly sinceMs: number
  readonly cutOff: () => void
}

/** One connection, as far as it does not read. */
class StalledClient {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #roomOf: (stall: Stall) => Room
  readonly #cutOff: () => void
  #sinceMs = 0
  #endedMs = Number.NEGATIVE_INFINITY
  #leave: (() => void) | undefined

  constructor(clock: Clock, timeoutMs: number, roomOf: (stall: Stall) => Room, cutOff: () => void) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#roomOf = roomOf
    this.#cutOff = cutOff
  }

  get stalls(): boolean {
    return this.#leave !== undefined
  }

  /** It does not read: `bytes` are kept for it until it does. */
  begin(bytes: number, who: Staller): void {
    const nowMs = this.#clock.monotonicMs()
    // Who reads a little and stops again is not new: else it would outlive everybody who is slow once.
    if (nowMs - this.#endedMs > this.#timeoutMs) this.#sinceMs = nowMs
    const late = this.#clock.after(this.#timeoutMs, () => this.#cutOff())
    const stall: Stall = { who, bytes, sinceMs: this.#sinceMs, cutOff: this.#cutOff }
    const room = this.#roomOf(stall)
    this.#leave = () => {
      late[Symbol.dispose]()
      room.leave(stall)
    }
    room.enter(stall)
  }

  /** It has read everything, or is gone. */
  end(): void {
    if (this.#leave === undefined) return
    this.#leave()
    this.#leave = undefined
    this.#endedMs = this.#clock.monotonicMs()
  }
}

class Room {
  readonly #max: number
  readonly #inside = new Set<Stall>()
  #bytes = 0

  constructor(max: number) {
    this.#max = max
  }

  enter(stall: Stall): void {
    this.#inside.add(stall)
    this.#bytes += stall.bytes
    while (this.#bytes > this.#max) {
      // Some hundreds are inside at the most, each with 64 KB or more.
      const longest = culprits([...this.#inside]).reduce((one, other) =>
        other.sinceMs < one.sinceMs ? other : one,
      )
      this.leave(longest)
      longest.cutOff()
    }
  }

  /** Once: who was cut off leaves again when its socket is closed. */
  leave(stall: Stall): void {
    if (this.#inside.delete(stall)) this.#bytes -= stall.bytes
  }
}

/** Of one key and one address, within what holds most. */
function culprits(inside: readonly Stall[]): readonly Stall[] {
  const key = heaviest(inside, keyOf)
  const address = heaviest(inside, addressOf)
  // Of equals the key: behind one address may be a whole company.
  return bytesOf(key) < bytesOf(address) ? heaviest(address, keyOf) : heaviest(key, addressOf)
}

const keyOf = ({ who }: Stall): string | undefined => who.keyId
const addressOf = ({ who }: Stall): string => who.address

function bytesOf(stalls: readonly Stall[]): number {
  return stalls.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Those of the name that holds most, the first of equals. */
function heaviest(stalls: readonly Stall[], nameOf: (stall: Stall) => string | undefined): Stall[] {
  const bytes = new Map<string | undefined, number>()
  for (const stall of stalls) bytes.set(nameOf(stall), (bytes.get(nameOf(stall)) ?? 0) + stall.bytes)
  const most = Math.max(...bytes.values())
  const found = stalls.find((stall) => bytes.get(nameOf(stall)) === most)
  return found === undefined ? [] : stalls.filter((stall) => nameOf(stall) === nameOf(found))
}

export type { StalledClient }

/** Of one thread. A client that is slow for a moment takes 200 KB. */
const KNOWN_BYTES_MAX = 67_108_864
/** Who has no key gets lines of errors, and has no reason to send many commands. */
const STRANGERS_BYTES_MAX = 8_388_608
