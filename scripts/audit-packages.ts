import { spawnSync } from 'node:child_process'

/** What `npm audit --json` said. */
export interface AuditVerdict {
  /** High or critical. */
  readonly vulnerable: boolean
  /** Nothing is known: the registry did not answer, as opposed to one that answers that it keeps no advisories. */
  readonly unanswered: boolean
  readonly text: string
}

interface Report {
  readonly message?: string
  readonly statusCode?: number
  readonly metadata?: { readonly vulnerabilities?: Readonly<Record<string, number>> }
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string; readonly range: string }>>
}

const FAILING = ['high', 'critical']
/** What a registry says that has no advisories: not found, not allowed, not implemented. */
const NO_ADVISORIES: readonly number[] = [404, 405, 501]
/** A registry that is away for a moment must not fail a build; one that is away for longer must not pass it. */
const TRIES = 3

/** `json`: its output, which is that of an error where the registry could not be asked. */
export function auditVerdict(json: string): AuditVerdict {
  const report = parsed(json)
  const counts = report?.metadata?.vulnerabilities
  if (counts === undefined) {
    const why = report?.message ?? 'npm audit gave no report'
    return {
      vulnerable: false,
      unanswered: !NO_ADVISORIES.includes(report?.statusCode ?? 0),
      text: `LEFT OUT: packages were not checked for known vulnerabilities, the registry cannot be asked: ${why}`,
    }
  }
  const bad = Object.entries(report?.vulnerabilities ?? {}).filter(([, { severity }]) =>
    FAILING.includes(severity),
  )
  const named = bad.map(([name, { severity, range }]) => `  ${severity}: ${name} ${range}`).join('\n')
  const all = Object.entries(counts)
    .filter(([kind, count]) => kind !== 'total' && count > 0)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ')
  if (bad.length > 0) return { vulnerable: true, unanswered: false, text: `vulnerable packages:\n${named}` }
  return {
    vulnerable: false,
    unanswered: false,
    text: `packages of production: ${all || 'no known vulnerability'}`,
  }
}

function parsed(json: string): Report | undefined {
  try {
    return JSON.parse(json) as Report
  } catch {
    return undefined
  }
}

/** Asks up to TRIES times for an answer. */
export function auditedBy(ask: () => string): AuditVerdict {
  let verdict = auditVerdict(ask())
  for (let tries = 1; verdict.unanswered && tries < TRIES; tries += 1) verdict = auditVerdict(ask())
  return verdict
}

/** Whether the build goes on: on CI nobody reads what was left out, so there a registry that does not answer fails it. */
export function passes({ vulnerable, unanswered }: AuditVerdict, onCi: boolean): boolean {
  return !vulnerable && !(onCi && unanswered)
}

/**
 * `make audit-packages`: known vulnerabilities of what production installs; fails at high and critical ones. A registry that
 * keeps no advisories (a mirror inside a company) says so, and that fails nothing: it stays a line for people.
 */
if (import.meta.main) {
  const verdict = auditedBy(
    () =>
      spawnSync('npm', ['audit', '--omit=dev', '--json'], {
        encoding: 'utf8',
        timeout: 120_000,
        maxBuffer: 100_000_000,
      }).stdout,
  )
  console.error(verdict.text)
  if (!passes(verdict, process.env['CI'] !== undefined)) process.exitCode = 1
}
