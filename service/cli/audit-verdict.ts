import type { AuditVerdict } from '../app/audit-check.ts'
import type { AuditHeads } from './audit-heads.ts'

/** 0: whole, 2: broken, 3: nothing is broken, but the end of some chain is vouched for by nobody. */
export function auditExitCode({ faults, unclosed }: AuditVerdict, known: AuditHeads): 0 | 2 | 3 {
  if (faults.length > 0) return 2
  return unclosed.some((end) => isOpen(end, known)) ? 3 : 0
}

export function auditVerdictText(verdict: AuditVerdict, known: AuditHeads): string {
  const { chains, records, faults, unclosed } = verdict
  const lines = faults.map(({ kind, chain, seq, at, text }) => {
    const where = chain === '' ? '' : ` chain ${chain}, record ${seq}`
    return `${kind.toUpperCase()}:${where}${at === undefined ? '' : ` (${at.toISOString()})`}: ${text}`
  })
  for (const end of unclosed) lines.push(noteOf(end, known))
  const open = unclosed.filter((end) => isOpen(end, known)).length
  const words = {
    0: 'The audit log is whole',
    2: 'The audit log is BROKEN',
    3: `No record of the audit log is broken, but ${open} of its chains may have lost their ends`,
  }[auditExitCode(verdict, known)]
  return `${lines.map((line) => `${line}\n`).join('')}${words}: ${records} records in ${chains} chains checked.\n`
}

type End = AuditVerdict['unclosed'][number]

/** Somebody who can write the tables can cut a chain behind its last record and say in audit_chains that it ends there. */
function isOpen({ chain, seq }: End, known: AuditHeads): boolean {
  return (known.get(chain)?.seq ?? 0) < seq
}

function noteOf(end: End, known: AuditHeads): string {
  const { chain, seq, at } = end
  const logged = known.get(chain)?.seq ?? 0
  const vouched =
    logged === 0
      ? 'no log says where it ended (--heads)'
      : `the log vouches for it up to record ${logged}${isOpen(end, known) ? '' : ', its last'}`
  return `note: chain ${chain} ends without audit.close at record ${seq} (${at.toISOString()}): its process was killed, and what it had not written by then (audit.flushEvery, audit.queueMax) is missing, or its end was taken out; ${vouched}`
}
