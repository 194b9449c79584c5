import type { Actor } from './actor.ts'
import type { AuditTrail } from './audit-trail.ts'

/** One alert of a message of Alertmanager. */
export interface Alert {
  readonly status: 'firing' | 'resolved'
  readonly labels: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly startsAt?: string
  readonly endsAt?: string
  readonly fingerprint?: string
}

/** Writes what Alertmanager tells to the audit log: what was alarmed stands beside what was done. */
export class RecordAlerts {
  readonly #audit: AuditTrail

  constructor(audit: AuditTrail) {
    this.#audit = audit
  }

  record(actor: Actor, alerts: readonly Alert[]): void {
    for (const { status, labels, annotations = {}, startsAt, endsAt, fingerprint } of alerts)
      this.#audit.record({
        ...actor,
        action: `alert.${status}`,
        subject: cut(labels['alertname'] ?? 'unnamed'),
        detail: {
          labels: shortened(labels),
          summary: cut(annotations['summary'] ?? ''),
          startsAt: startsAt ?? null,
          // Of an alert that still fires it is made up.
          endsAt: status === 'resolved' ? (endsAt ?? null) : null,
          fingerprint: fingerprint ?? null,
        },
      })
  }
}

function shortened(labels: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(labels).slice(0, LABELS_MAX)
  return Object.fromEntries(kept.map(([name, value]) => [cut(name), cut(value)]))
}

function cut(text: string): string {
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text
}

/** An alert is told of in a row, not in a file. */
const LABELS_MAX = 50
const TEXT_MAX = 300
