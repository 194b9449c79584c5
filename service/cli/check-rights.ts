import type { PostgresDatabase } from '../adapters/postgres/database.ts'
import { readRights, type UserRights } from '../adapters/postgres/user-rights.ts'
import { bad, type Finding, warning } from '../core/finding.ts'
import { check } from './findings.ts'

/** Whether the user of `database.url` may do what a service does. */
export async function checkRights(findings: Finding[], database: PostgresDatabase): Promise<void> {
  await check(findings, {
    what: 'database rights',
    ask: () => readRights(database),
    tell: judgeRights,
  })
}

export function judgeRights({ user, lacking, absent, notOwned, mayCreate }: UserRights): string | Finding {
  const what = 'database rights'
  if (lacking.length > 0)
    return bad(
      what,
      `${user} may not ${lacking.join(', ')}`,
      `GRANT it to ${user}, or let it own the tables.`,
    )
  if (notOwned.length > 0)
    return warning(
      what,
      `${user} does not own ${notOwned.join(', ')}: it cannot make the partitions of the next months`,
      `ALTER TABLE … OWNER TO ${user}, or run "idgen migrate" every month as the owner.`,
    )
  if (!mayCreate)
    return warning(
      what,
      `${user} may not make tables in this schema: it cannot make the partitions of the next months`,
      `GRANT CREATE ON SCHEMA … TO ${user}, or run "idgen migrate" every month as the owner.`,
    )
  if (absent.length > 0) return `${user} may do all that a service does to the tables that are there`
  return `${user} may do all that a service does to the tables, and make partitions`
}
