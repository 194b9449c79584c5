/**
 * The requests of all tags in turn, ready as bytes: request k is of tag k modulo their number. Any window of at most
 * `windowMax` requests is one stretch of the same memory, so sending it makes nothing and copies nothing.
 *
 *     │ tag 0 │ tag 1 │ tag 2 │ tag 0 │ tag 1 │ …      windowMax more than there are tags
 *        └──── window of 3 from request 1 ────┘
 */
export class CyclicRequests {
  readonly #bytes: Buffer
  readonly #starts: readonly number[]
  readonly #tags: number

  constructor(requests: readonly (string | Buffer)[], windowMax: number) {
    this.#tags = requests.length
    const all = Array.from({ length: requests.length + windowMax }, (_, k) =>
      Buffer.from(requests[k % requests.length] ?? ''),
    )
    let at = 0
    this.#starts = [0, ...all.map((request) => (at += request.length))]
    this.#bytes = Buffer.concat(all)
  }

  /** `count` is at most `windowMax`. A view: it must not be written to. */
  window(from: number, count: number): Buffer {
    const first = from % this.#tags
    return this.#bytes.subarray(this.#starts[first], this.#starts[first + count])
  }
}
