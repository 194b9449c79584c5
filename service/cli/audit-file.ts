import { AuditFileCheck, type AuditFileVerdict } from '../app/audit-file-check.ts'
import type { AuditHeads } from './audit-heads.ts'
import { readAuditLines } from './audit-lines.ts'

/** Checks audit files without the database. @throws IDGEN_REQUEST_INVALID where one cannot be read, or not be checked to its end */
export async function verifyAuditFiles(
  paths: readonly string[],
  {
    key,
    known,
    json,
  }: { readonly key: string | undefined; readonly known: AuditHeads; readonly json: boolean },
): Promise<void> {
  const check = new AuditFileCheck({ nowMs: Date.now(), key, known })
  await readAuditLines(paths, (line, where) => {
    check.line(line, where)
    return !check.isHopeless
  })
  const verdict = check.end()
  process.stdout.write(json ? `${JSON.stringify(verdict)}\n` : textOf(verdict, key))
  if (verdict.faults.length > 0) process.exitCode = 2
}

function textOf(
  { chains, records, faults, stoppedAt, begun, unclosed, elsewhere }: AuditFileVerdict,
  key: string | undefined,
): string {
  const lines = faults.map(({ kind, where, chain, seq, text }) => {
    const what = chain === undefined ? '' : `, chain ${chain}, record ${seq}`
    return `${kind.toUpperCase()}: ${where}${what}: ${text}`
  })
  if (key === undefined && faults.some(({ kind }) => kind === 'changed'))
    lines.push('note: no audit.key is configured here; what was written with one looks changed without it')
  for (const { chain, seq } of begun)
    lines.push(
      `note: chain ${chain} begins with record ${seq}: what came before is in an earlier file (give all of them, the oldest first), or was taken out`,
    )
  for (const { chain, seq, at } of unclosed)
    lines.push(
      `note: chain ${chain} ends without audit.close at record ${seq} (${at.toISOString()}): its process was killed, goes on in a later file, or the end was taken out`,
    )
  if (elsewhere.chains > 0)
    lines.push(
      `note: not checked are chains of the log whose nodes wrote nothing here: ${elsewhere.chains} (${named(elsewhere.nodes)}); give the files of all processes to check them too`,
    )
  const verdict = faults.length === 0 ? 'The audit file is whole' : 'The audit file is BROKEN'
  const end =
    stoppedAt === undefined
      ? ''
      : ` It stopped at ${stoppedAt} with the ${faults.length}th fault: what follows was not looked at.`
  return `${lines.map((line) => `${line}\n`).join('')}${verdict}: ${records} records in ${chains} chains checked.${end}\n`
}

/** A few, for people; --json has more. */
function named(nodes: readonly string[]): string {
  const some = nodes.slice(0, NODES_TOLD).join(', ')
  return nodes.length > NODES_TOLD ? `${some}, …` : some
}

const NODES_TOLD = 5
