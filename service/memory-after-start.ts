import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Gives back what this thread needed only to start, before it answers anybody: a third of what lies in memory then is text
 * of modules, tables of compilers and young objects that no longer live. V8 by itself looks for them only when much more
 * has been allocated, which in a quiet pod is never. The young generation, grown while modules were loaded, begins small
 * again and grows back under load. Each thread does it for itself, once; it takes some tenths of a second.
 */
export function giveBackStartMemory(): void {
  setFlagsFromString('--expose-gc')
  // Undefined in a Node without it: more memory, and nothing else.
  const collect = runInNewContext('globalThis.gc') as ((options: object) => void) | undefined
  // The only flavour that also makes the young generation small again.
  collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
