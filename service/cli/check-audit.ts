import type { PostgresDatabase } from '../adapters/postgres/database.ts'
import { PostgresAuditReader } from '../adapters/postgres/postgres-audit-reader.ts'
import { checkAudit as walkAudit } from '../app/audit-check.ts'
import type { Config } from '../config/keys.ts'
import { bad, type Finding } from '../core/finding.ts'
import { check } from './findings.ts'

/** The last hour of the audit log; `idgen audit verify` walks all of it. */
export async function checkAudit(
  findings: Finding[],
  database: PostgresDatabase,
  config: Config,
): Promise<void> {
  const nowMs = Date.now()
  await check(findings, {
    what: 'audit log',
    ask: () =>
      walkAudit({
        reader: new PostgresAuditReader(database),
        nowMs,
        key: config.audit.key || undefined,
        from: new Date(nowMs - LOOKED_BACK_MS),
        to: undefined,
        known: new Map(),
        onProgress: () => undefined,
      }),
    tell: ({ chains, records, faults }) => {
      const [first] = faults
      if (first === undefined) return `whole: ${records} records of the last hour in ${chains} chains`
      return bad(
        'audit log',
        `${faults.length} faults in the last hour, the first of chain ${first.chain || 'none'}: ${first.text}`,
        'Run "idgen audit verify", and read docs/audit.md: somebody changed records, or a row was lost.',
      )
    },
  })
}

const LOOKED_BACK_MS = 3_600_000
