import { spawnSync } from 'node:child_process'

/** What `npm audit --json` said. */
export interface AuditVerdict {
  /** High or critical. */
  readonly vulnerable: boolean
  readonly text: string
}

interface Report {
  readonly message?: string
  readonly metadata?: { readonly vulnerabilities?: Readonly<Record<string, number>> }
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string; readonly range: string }>>
}

const FAILING = ['high', 'critical']

/** `json`: its output, which is that of an error where the registry could not be asked. */
export function auditVerdict(json: string): AuditVerdict {
  const report = parsed(json)
  const counts = report?.metadata?.vulnerabilities
  if (counts === undefined) {
    const why = report?.message ?? 'npm audit gave no report'
    return {
      vulnerable: false,
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
  if (bad.length > 0) return { vulnerable: true, text: `vulnerable packages:\n${named}` }
  return { vulnerable: false, text: `packages of production: ${all || 'no known vulnerability'}` }
}

function parsed(json: string): Report | undefined {
  try {
    return JSON.parse(json) as Report
  } catch {
    return undefined
  }
}

/**
 * `make audit-packages`: known vulnerabilities of what production installs; fails at high and critical ones. A registry that
 * keeps no advisories (a mirror inside a company) cannot be asked: that is said, and fails nothing.
 */
if (import.meta.main) {
  const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 100_000_000,
  })
  const { vulnerable, text } = auditVerdict(stdout)
  console.error(text)
  if (vulnerable) process.exitCode = 1
}
