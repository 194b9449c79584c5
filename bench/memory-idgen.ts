import { SystemClock } from '../service/adapters/system/system-clock.ts'
import type { UseCases } from '../service/app/use-cases.ts'
import { NO_TRACER, type Tracer } from '../service/ports/tracer.ts'
import { keepCollectionsShort } from '../service/short-collections.ts'
import { memoryUseCases } from '../test/fixtures/memory-use-cases.ts'
import { limitsAbove } from './limits-above.ts'

/**
 * The whole service but its listeners, key check and rate limits on, with one segment tag, and as `idgen serve` collects its
 * garbage; only the stores are in memory.
 */
export async function memoryIdgen(
  stepBase: number,
  tracer: Tracer = NO_TRACER,
): Promise<{ useCases: UseCases; tag: string; key: string }> {
  keepCollectionsShort()
  const { useCases, keyText } = await memoryUseCases({
    clock: new SystemClock(),
    environment: limitsAbove(10_000_000),
    outside: { tracer },
  })
  const actor = { actor: 'bench', traceId: undefined }
  await useCases.catalog.createWorkspace(actor, 'bench', '')
  await useCases.catalog.createGroup(actor, 'bench', 'load', '')
  const ref = { workspace: 'bench', group: 'load', name: 'single' }
  await useCases.catalog.createTag(actor, ref, { algorithm: 'segment', step: { base: stepBase } })
  return { useCases, tag: MEMORY_TAG, key: keyText }
}

/** The tag of `memoryIdgen`. */
export const MEMORY_TAG = 'bench/load/single'
