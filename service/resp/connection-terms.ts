import { plainErrorLine } from './error-line.ts'

/** Answers are written at the latest then: a pipeline of long ones must not become one of megabytes. */
export const FLUSH_AT_BYTES = 65_536
/**
 * A client that sends one in this time ends with its answer. A command that crosses the end of a silent connection finds
 * no answer, so the longer this is the fewer such there are; a stop waits as long for clients that are silent.
 */
export const QUIET_MS = 1000
/** So long the rest of a command is waited for where the connection is to end: one that comes byte by byte must not hold up a stop. */
export const LAST_COMMAND_MS = 5000
/** A client closes as soon as it sees the end; one that does not is cut off. */
export const LINGER_MS = 2000
/** An answer to the command that it has begun. */
export const SLOW = plainErrorLine('ERR', 'Protocol error: the command did not come whole in time')
