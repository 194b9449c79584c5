import { ID_GENERATOR, type IdGenerator } from '../api/kinds.ts'
import type { Applier } from '../runtime/apply.ts'
import { isStatus, type KubeClient } from '../runtime/kube-client.ts'
import { objectKey, objectPath } from '../runtime/resource.ts'
import type { GeneratorFacts } from './generator-facts.ts'
import { generatorStatus, sameStatus } from './generator-status.ts'
import { WrittenObjects } from './written-objects.ts'

export interface StatusWriterOptions {
  readonly client: KubeClient
  /** Of a field manager that writes nothing but the status. */
  readonly applier: Applier
}

/**
 * The status of IdGenerators: the memory of their rollouts. A write counts only if nobody wrote since what the decision
 * rests on was read (KubeError 409 otherwise: decide again), so that an old leader undoes nothing.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions
  readonly #written = new WrittenObjects<IdGenerator>()

  constructor(options: StatusWriterOptions) {
    this.#options = options
  }

  latest(key: string, cached: IdGenerator | undefined): IdGenerator | undefined {
    return this.#written.latest(key, cached)
  }

  forget(key: string): void {
    this.#written.forget(key)
  }

  /** The IdGenerator as it is then; the same one where nothing had to be written. */
  async write(facts: GeneratorFacts, signal: AbortSignal): Promise<IdGenerator> {
    const { generator } = facts
    const status = generatorStatus(facts)
    if (sameStatus(generator.status, status)) return generator
    const { apiVersion, kind, metadata } = generator
    const { name, namespace, resourceVersion } = metadata
    const applied = await this.#options.applier.applyStatus<IdGenerator>(
      ID_GENERATOR,
      {
        apiVersion,
        kind,
        metadata: { name, resourceVersion, ...(namespace === undefined ? {} : { namespace }) },
        status,
      },
      signal,
    )
    return this.#remember(generator, applied)
  }

  /** Removes annotations; what somebody wrote into them in the meantime stays, because then the write fails. */
  async removeAnnotations(
    generator: IdGenerator,
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<IdGenerator> {
    const { metadata } = generator
    const present = names.filter((name) => metadata.annotations?.[name] !== undefined)
    if (present.length === 0) return generator
    const annotations = Object.fromEntries(present.map((name) => [name, null]))
    try {
      const changed = await this.#options.client.send<IdGenerator>({
        method: 'PATCH',
        path: objectPath(ID_GENERATOR, objectKey(metadata)),
        contentType: 'application/merge-patch+json',
        body: { metadata: { annotations, resourceVersion: metadata.resourceVersion } },
        signal,
      })
      return this.#remember(generator, changed)
    } catch (thrown) {
      // It is gone, and its annotations with it.
      if (isStatus(thrown, 404)) return generator
      throw thrown
    }
  }

  #remember(from: IdGenerator, to: IdGenerator): IdGenerator {
    this.#written.wrote(objectKey(from.metadata), from, to)
    return to
  }
}
