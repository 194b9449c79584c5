import type { FieldFault } from '../core/errors.ts'
import type { AuditTrail } from './audit-trail.ts'

/** A change of the settings of this process while it runs. */
export interface SettingsChange {
  readonly source: string
  readonly values: Readonly<Record<string, { readonly before: unknown; readonly after: unknown }>>
  /** Keys with a new value that counts from the next start on. */
  readonly needsRestart: readonly string[]
}

/**
 * Settings that change while a process runs, in the audit log of each process that took them. Who wrote the file, or the key
 * in etcd, idgen does not see; where they stand it does.
 */
export class AuditSettings {
  readonly #audit: Pick<AuditTrail, 'record'>

  constructor(audit: Pick<AuditTrail, 'record'>) {
    this.#audit = audit
  }

  changed({ source, values, needsRestart }: SettingsChange): void {
    const detail = { values, needsRestart }
    this.#audit.record({ actor: source, action: 'settings.change', subject: 'settings', detail })
  }

  /** The last good ones stay in force. */
  refused(faults: readonly FieldFault[]): void {
    const result = 'IDGEN_CONFIG_INVALID'
    const detail = { faults: faults.slice(0, FAULTS_MAX) }
    this.#audit.record({ action: 'settings.refuse', subject: 'settings', result, detail })
  }
}

/** Enough to see what was tried; a file of nonsense has thousands. */
const FAULTS_MAX = 20
