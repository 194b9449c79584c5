/** A connection that comes and never begins would stay for ever. */
export const HANDSHAKE_MS = 10_000
/** A round trip to anywhere, and a client that does not answer PING. */
export const RETIRE_MS = 1000
/** So long a stop waits for the rest of a request: one that comes byte by byte must not hold it up. */
export const LAST_REQUEST_MS = 5000
/** What its answer is known by. */
export const RETIRE_PING = [0x6964_6765, 0x6e00_0000] as const
/** A client closes as soon as it sees the end; one that does not is cut off. */
export const LINGER_MS = 2000
/** Windows that grow by less than this while an answer waits have it cut into as many frames (CVE-2019-9511). */
export const DRIBBLE_BYTES = 256
