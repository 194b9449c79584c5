/** The segment that numbers come out of, and what is fetched after it. */
export interface SegmentInUse {
  readonly size: number
  /** Numbers of it that were not issued. */
  readonly left: number
  /** Sizes of the segments that were fetched ahead, in their order. */
  readonly ready: readonly number[]
  /**
   * When the next one is fetched: from the share `from` left on, once that would last less than `reserveS` seconds; at the share
   * `latest` in any case. A tag with a longer chain fetches before that.
   */
  readonly fetch: { readonly from: number; readonly latest: number; readonly reserveS: number }
}
