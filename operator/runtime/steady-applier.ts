import { createHash } from 'node:crypto'
import type { AppliedObject, Applier } from './apply.ts'
import { type KubeObject, objectKey, type Resource } from './resource.ts'

/** What was applied last, and how the object looked then. */
interface Memory {
  readonly wanted: string
  readonly found: string
}

/**
 * Applies what differs from what it applied before, or was changed since by somebody else; asks nobody otherwise. What it
 * remembers is a shortcut and no truth: a new process applies everything once, which changes nothing.
 */
export class SteadyApplier {
  readonly #applier: Applier
  /** Changed only from the very state that the cache has: what is wanted was decided from it. */
  readonly #guardedKinds: ReadonlySet<string>
  /** By owner, so that it is forgotten with it. */
  readonly #memories = new Map<string, Map<string, Memory>>()

  constructor(applier: Applier, guardedKinds: ReadonlySet<string> = new Set()) {
    this.#applier = applier
    this.#guardedKinds = guardedKinds
  }

  /** `live` is the object as the cache has it. True: it was applied. A guarded one may fail with a KubeError 409. */
  async apply(
    owner: string,
    resource: Resource,
    object: AppliedObject,
    live: KubeObject | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    const memories = this.#memories.get(owner) ?? new Map<string, Memory>()
    this.#memories.set(owner, memories)
    const key = `${resource.kind} ${objectKey(object.metadata)}`
    const wanted = digest(object)
    const known = memories.get(key)
    if (live !== undefined && known?.wanted === wanted && known.found === look(live)) return false
    memories.delete(key)
    const guard =
      live !== undefined && this.#guardedKinds.has(resource.kind)
        ? { uid: live.metadata.uid, resourceVersion: live.metadata.resourceVersion }
        : {}
    const guarded = { ...object, metadata: { ...object.metadata, ...guard } }
    const applied = await this.#applier.apply<KubeObject>(resource, guarded, signal)
    memories.set(key, { wanted, found: look(applied) })
    return true
  }

  /** The owner is gone. */
  forget(owner: string): void {
    this.#memories.delete(owner)
  }
}

/**
 * Differs whenever somebody changed what may be ours. Kinds that count their generation change their resource version
 * with each status too, which is nobody's business here.
 */
function look({ metadata }: KubeObject): string {
  const { uid, generation, resourceVersion, labels, annotations, ownerReferences } = metadata
  return generation === undefined
    ? `${uid} ${resourceVersion}`
    : digest([uid, generation, labels, annotations, ownerReferences])
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64')
}
