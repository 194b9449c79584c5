/**
 * RFC 7541 section 2.3.2: what the client put into its table, the newest entry first. Names and values are bytes as
 * latin1 text, so their lengths are in bytes.
 */
export class HpackDynamicTable {
  /** Oldest first. Few entries: 4,096 bytes hold 128 at most. */
  readonly #entries: (readonly [name: string, value: string])[] = []
  #size = 0
  #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** 0: the newest. undefined: there is none. */
  at(age: number): readonly [name: string, value: string] | undefined {
    return this.#entries[this.#entries.length - 1 - age]
  }

  /** An entry larger than the table empties it, and is not kept (section 4.4). */
  add(name: string, value: string): void {
    const size = sizeOf(name, value)
    this.#evict(this.#capacity - size)
    if (size > this.#capacity) return
    this.#entries.push([name, value])
    this.#size += size
  }

  resize(capacity: number): void {
    this.#capacity = capacity
    this.#evict(capacity)
  }

  #evict(until: number): void {
    while (this.#size > Math.max(0, until)) {
      const [name, value] = this.#entries.shift() ?? ['', '']
      this.#size -= sizeOf(name, value)
    }
  }
}

/** As RFC 7541 section 4.1 counts an entry; 32 for what an implementation needs beside the text. */
export function sizeOf(name: string, value: string): number {
  return name.length + value.length + 32
}
