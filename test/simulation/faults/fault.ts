import type { Prng } from '../world/prng.ts'
import type { World } from '../world/world.ts'
import type { Backups } from './backups.ts'

export interface FaultContext {
  readonly world: World
  readonly random: Prng
  readonly backups: Backups
}

/**
 * What a try to bring a fault about came to: done, with what ends it; not possible as things are; or outside the limits
 * of the promise.
 */
export type FaultOutcome = { readonly end: (() => void) | undefined } | 'impossible' | 'refused'

export interface Fault {
  readonly name: string
  readonly apply: (context: FaultContext) => FaultOutcome
}

export const DONE: FaultOutcome = { end: undefined }
