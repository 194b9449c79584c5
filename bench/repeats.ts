import type { LoadReport } from '../service/load/load-report.ts'

/** IDs that came twice; NaN, which meets no bar, where not every ID was looked up: the memory of the check has a limit. */
export function repeats({ check }: Pick<LoadReport, 'check'>): number {
  return check === undefined || check.unchecked > 0 ? Number.NaN : check.duplicates
}
