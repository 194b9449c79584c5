import { randomFillSync } from 'node:crypto'
import type { Random } from '../../ports/random.ts'

/** The operating system's generator. Costs about 2 µs a call, so hot paths fill a pool with one call. */
export class SystemRandom implements Random {
  fill(bytes: Uint8Array): void {
    randomFillSync(bytes)
  }
}
