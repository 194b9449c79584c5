import type { IdGenerator } from '../api/kinds.ts'
import type { Remark } from '../render/installation.ts'
import type { RecordedEvent } from '../runtime/event-recorder.ts'
import { objectKey } from '../runtime/resource.ts'
import type { GeneratorEvent } from './condition-events.ts'

export interface EventSink {
  record(event: RecordedEvent): void
}

/** Tells people about an IdGenerator. */
export class GeneratorEvents {
  readonly #sink: EventSink
  /** What was remarked on a generation: it is found again at every look, and said once. */
  readonly #remarked = new Map<string, { readonly generation: number; readonly notes: Set<string> }>()

  constructor(sink: EventSink) {
    this.#sink = sink
  }

  tell(regarding: IdGenerator, { type, reason, note }: GeneratorEvent): void {
    this.#sink.record({ regarding, type, reason, note, action: 'Reconcile' })
  }

  remark(regarding: IdGenerator, remarks: readonly Remark[]): void {
    const key = objectKey(regarding.metadata)
    const generation = regarding.metadata.generation ?? 0
    const known = this.#remarked.get(key)
    const current = known?.generation === generation ? known : { generation, notes: new Set<string>() }
    this.#remarked.set(key, current)
    for (const { reason, message } of remarks) {
      if (current.notes.has(message)) continue
      current.notes.add(message)
      this.tell(regarding, { type: 'Warning', reason, note: `${message}.` })
    }
  }

  forget(key: string): void {
    this.#remarked.delete(key)
  }
}
