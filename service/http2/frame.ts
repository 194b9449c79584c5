/**
 * RFC 9113 section 4.1:
 *
 *     │ length, 3 bytes │ type │ flags │ stream, 4 bytes │ payload │
 */
export const FRAME_HEAD_BYTES = 9
/** SETTINGS_MAX_FRAME_SIZE of both sides: the smallest that is allowed, and what nearly everybody uses. */
export const FRAME_MAX_BYTES = 16_384
export const WINDOW_MAX = 2 ** 31 - 1

export const FRAME = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const

export const FLAG = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const
