import { setFlagsFromString } from 'node:v8'

/**
 * Has each thread collect its young objects by itself. By default V8 shares this half a millisecond of work among helper
 * threads and waits for all of them; where processors are few or busy, a helper that gets none makes everybody wait: pauses
 * of 20 to 58 ms were seen beside a load on two processors, and 1 to 4 ms without helpers. Goes for all threads of the
 * process. A Node without this setting says so on standard error and goes on; as an option of its command line it would not
 * start.
 */
export function keepCollectionsShort(): void {
  setFlagsFromString('--no-parallel-scavenge')
}
