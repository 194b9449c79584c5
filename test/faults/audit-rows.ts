import type { PostgresCluster } from './postgres-cluster.ts'

/** What the audit log holds since a moment, apart from the counts of calls: action, subject, how often. */
export async function auditRows(postgres: PostgresCluster, since: Date): Promise<string[]> {
  return await postgres.ask(async (client) => {
    const { rows } = await client.query<{ action: string; result: string; subject: string; times: string }>(
      `SELECT action, result, min(subject) AS subject, count(*) AS times FROM audit_log
       WHERE at >= $1 AND action NOT LIKE 'generate%'
       GROUP BY action, result, regexp_replace(subject, '[0-9]+', '#', 'g') ORDER BY action, 3`,
      [since],
    )
    return rows.map(
      ({ action, result, subject, times }) =>
        `${action} ${subject}${result === 'ok' ? '' : ` (${result})`} ${times}×`,
    )
  })
}
