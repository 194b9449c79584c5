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
  // A flag that stayed would have every collection of every thread drop its code, for the life of the process.
  try {
    if (!othersAnswer) setFlagsFromString(`--${DROP_CODE}`)
    // The only flavour that also makes the young generation small again.
    collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  } finally {
    if (!othersAnswer) setFlagsFromString(`--no-${DROP_CODE}`)
  }
}

/**
 * Has a collection drop bytecode although it may have run lately. Flags are the process's: another thread may be in the
 * middle of a collection when this one is set or taken back. V8 reads it once a collection, when marking begins, so that one
 * goes on as it began. `flush-baseline-code`, which would drop what the baseline compiler made too, V8 reads again when
 * marking ends: changed in between, functions were left with code that was freed, and the process ended by SIGSEGV or
 * SIGTRAP some time later (docs/decisions/0050). Never that one, nor any other whose readers in V8 nobody has looked at.
 */
const DROP_CODE = 'stress-flush-code'
