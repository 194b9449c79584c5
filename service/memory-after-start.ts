import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Gives back what this thread needed only to start, before it answers anybody: a third of what lies in memory then is text
 * of modules, tables of compilers and young objects that no longer live. V8 by itself looks for them only when much more
 * has been allocated, which in a quiet pod is never. The young generation, grown while modules were loaded, begins small
 * again and grows back under load. Each thread does it for itself, once; it takes some tenths of a second.
 *
 * What was compiled goes with it: most of it ran once, and V8 keeps it until it was not used for several collections. What
 * is called again is compiled again at its next call (functions that are running, or were begun and wait, are left alone).
 */
export function giveBackStartMemory(): void {
  setFlagsFromString('--expose-gc')
  // Undefined in a Node without it: more memory, and nothing else.
  const collect = runInNewContext('globalThis.gc') as ((options: object) => void) | undefined
  // These go for all threads: a collection of another one meanwhile gives back as much, and compiles it again.
  for (const flag of WITHOUT_CODE) setFlagsFromString(`--${flag}`)
  // The only flavour that also makes the young generation small again.
  collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  for (const flag of WITHOUT_CODE) setFlagsFromString(`--no-${flag}`)
}

/** Have a collection drop what was compiled although it may have run lately, what the baseline compiler made included. */
const WITHOUT_CODE = ['stress-flush-code', 'flush-baseline-code']
