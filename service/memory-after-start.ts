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
 * Not in a thread that takes the place of another (`othersAnswer`): the flags for it go for all threads, and a collection of
 * one that answers meanwhile would drop its code, which is in use.
 */
export function giveBackStartMemory(othersAnswer = false): void {
  setFlagsFromString('--expose-gc')
  // Undefined in a Node without it: more memory, and nothing else.
  const collect = runInNewContext('globalThis.gc') as ((options: object) => void) | undefined
  const dropped = othersAnswer ? [] : WITHOUT_CODE
  // A flag that stayed would have every collection of every thread drop its code, for the life of the process.
  try {
    for (const flag of dropped) setFlagsFromString(`--${flag}`)
    // The only flavour that also makes the young generation small again.
    collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  } finally {
    for (const flag of dropped) setFlagsFromString(`--no-${flag}`)
  }
}

/** Have a collection drop what was compiled although it may have run lately, what the baseline compiler made included. */
const WITHOUT_CODE = ['stress-flush-code', 'flush-baseline-code']
