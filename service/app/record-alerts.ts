import { cleanLine } from '../core/clean-line.ts'
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
          startsAt: textOrNull(startsAt),
          // Of an alert that still fires it is made up.
          endsAt: status === 'resolved' ? textOrNull(endsAt) : null,
          fingerprint: textOrNull(fingerprint),
        },
      })
  }
}

function shortened(labels: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(labels).slice(0, LABELS_MAX)
  return Object.fromEntries(
    kept.map(([name, value]) => [cut(name), SECRET_NAME.test(name) ? HIDDEN : cut(value)]),
  )
}

function textOrNull(text: string | undefined): string | null {
  return text === undefined ? null : cut(text)
}

/** Whoever writes a rule may put anything into its texts, and the audit log is read by others, exported, and kept for long. */
function cut(text: string): string {
  // As JSON, in which names and values are told apart; read again, and then what a terminal obeys.
  const hidden = JSON.parse(cleanLine(JSON.stringify(text.slice(0, TEXT_MAX + SECRET_MAX)))) as string
  const clean = cleanLine(hidden)
  return clean.length > TEXT_MAX ? `${clean.slice(0, TEXT_MAX)}…` : clean
}

/** An alert is told of in a row, not in a file. */
const LABELS_MAX = 50
const TEXT_MAX = 300
/** One that begins in what is kept is looked at whole, or its beginning would stay: the longest that cleanLine knows. */
const SECRET_MAX = 1024
/** Of a label whose value is one, whatever it looks like. */
const SECRET_NAME = /passw|pwd|secret|token|authorization|api_?key/i
const HIDDEN = '[hidden]'
