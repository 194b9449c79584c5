import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { reportFindings } from './bench-result.ts'
import { growAllocations } from './growth-allocations.ts'
import { growConnections } from './growth-connections.ts'
import type { GrowthFindings } from './growth-findings.ts'
import { growInstances } from './growth-instances.ts'
import { growTags } from './growth-tags.ts'
import { CHECK } from './regression-gate.ts'

/**
 * What grows with tags, connections, instances and the log of allocations: memory, processor time of an ID, latency,
 * start, load of the database. Real processes, their own PostgreSQL, the engine of `idgen bench`.
 *
 *     PARTS=tags,instances node bench/growth.bench.ts [--short] [--save] [--resume]
 *
 * PARTS: only these (then nothing is saved). What each part found is kept until all are done; --resume measures only those of
 * which there is nothing yet, since a part that fails after a quarter of an hour should not cost the others.
 */
const SHORT = process.argv.includes('--short')
const PARTS: Readonly<Record<string, (short: boolean) => Promise<GrowthFindings>>> = {
  tags: growTags,
  connections: growConnections,
  instances: growInstances,
  allocations: growAllocations,
}

if (CHECK) {
  console.log('nothing to check: the curves are looked at, and no figure of theirs has a bar')
  process.exit(0)
}
const KEPT = join(import.meta.dirname, '../.cache/bench-growth', SHORT ? 'short' : 'long')
const asked = process.env['PARTS']?.split(',') ?? Object.keys(PARTS)
const found: GrowthFindings[] = []
for (const name of asked) {
  const part = PARTS[name]
  if (part === undefined) throw new Error(`PARTS has "${name}": there are ${Object.keys(PARTS).join(', ')}`)
  const begin = performance.now()
  const findings = keptFindings(name) ?? (await part(SHORT))
  keepFindings(name, findings)
  console.log(`${name}: ${Math.round((performance.now() - begin) / 1000)} s`)
  for (const { title, columns, rows } of findings.tables) {
    console.log(`${title}: ${columns.join(' | ')}`)
    for (const row of rows) console.log(`  ${row.join(' | ')}`)
  }
  found.push(findings)
}
if (asked.length === Object.keys(PARTS).length) rmSync(KEPT, { recursive: true, force: true })
// Some parts alone are no result that may stand in the place of all.
const argv = process.env['PARTS'] === undefined ? process.argv : []
reportFindings(
  {
    bench: 'growth',
    conditions: found.flatMap(({ conditions }) => conditions),
    rows: found.flatMap(({ rows }) => rows),
    tables: found.flatMap(({ tables }) => tables),
    curves: found.flatMap(({ curves }) => curves),
  },
  argv,
)

function keptFindings(part: string): GrowthFindings | undefined {
  const file = join(KEPT, `${part}.json`)
  if (!process.argv.includes('--resume') || !existsSync(file)) return undefined
  return JSON.parse(readFileSync(file, 'utf8')) as GrowthFindings
}

function keepFindings(part: string, findings: GrowthFindings): void {
  mkdirSync(KEPT, { recursive: true })
  writeFileSync(join(KEPT, `${part}.json`), JSON.stringify(findings))
}
