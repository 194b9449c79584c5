import { FRAME } from './frame.ts'
import { HEADER_LIST_MAX } from './head-reader.ts'
import type { OutputBuffer } from './output-buffer.ts'
import { SETTING } from './peer-settings.ts'

/** Requests under way at once on one connection; a client queues further ones. */
export const STREAMS_MAX = 256
/** Bytes of bodies that a connection may have under way: what is held of it at most while nobody reads them. */
export const CONNECTION_WINDOW = 1_048_576
/** Of a connection and its streams until somebody says more (RFC 9113 section 6.9.2). */
export const INITIAL_WINDOW = 65_535

/** The first frames of a server (RFC 9113 section 3.4). */
export function writeOurSettings(out: OutputBuffer): void {
  out.settings([
    [SETTING.maxConcurrentStreams, STREAMS_MAX],
    [SETTING.maxHeaderListSize, HEADER_LIST_MAX],
  ])
  out.control(FRAME.windowUpdate, 0, 0, CONNECTION_WINDOW - INITIAL_WINDOW)
}
