import { ConnectionError, ERROR_CODE } from './error-code.ts'
import { FRAME_MAX_BYTES, WINDOW_MAX } from './frame.ts'

/** RFC 9113 section 6.5.2. */
export const SETTING = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
} as const

/**
 * What a client sets, checked. Only its window is of use here: frames are never larger than the smallest limit, header
 * blocks are short and need no table, nothing is pushed.
 */
export class PeerSettings {
  /** Of streams that open from now on; bytes. */
  initialWindow = 65_535

  /** The payload of a SETTINGS frame. @throws ConnectionError */
  apply(bytes: Buffer, start: number, end: number): void {
    if ((end - start) % ENTRY_BYTES !== 0) throw new ConnectionError(ERROR_CODE.frameSize, 'half a setting')
    for (let at = start; at < end; at += ENTRY_BYTES)
      this.#set(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2))
  }

  #set(name: number, value: number): void {
    switch (name) {
      case SETTING.initialWindowSize:
        if (value > WINDOW_MAX) throw new ConnectionError(ERROR_CODE.flowControl, `a window of ${value}`)
        this.initialWindow = value
        break
      case SETTING.enablePush:
        if (value > 1) throw new ConnectionError(ERROR_CODE.protocol, `ENABLE_PUSH ${value}`)
        break
      case SETTING.maxFrameSize:
        if (value < FRAME_MAX_BYTES || value >= 2 ** 24)
          throw new ConnectionError(ERROR_CODE.protocol, `MAX_FRAME_SIZE ${value}`)
        break
      default:
        // Others, and those that are not known yet, change nothing.
        break
    }
  }
}

const ENTRY_BYTES = 6
