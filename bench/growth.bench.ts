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
 *     PARTS=tags,instances node bench/growth.bench.ts [--short] [--save]       PARTS: only these (then nothing is saved)
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
const asked = process.env['PARTS']?.split(',') ?? Object.keys(PARTS)
const found: GrowthFindings[] = []
for (const name of asked) {
  const part = PARTS[name]
  if (part === undefined) throw new Error(`PARTS has "${name}": there are ${Object.keys(PARTS).join(', ')}`)
  const begin = performance.now()
  const findings = await part(SHORT)
  console.log(`${name}: ${Math.round((performance.now() - begin) / 1000)} s`)
  for (const { title, columns, rows } of findings.tables) {
    console.log(`${title}: ${columns.join(' | ')}`)
    for (const row of rows) console.log(`  ${row.join(' | ')}`)
  }
  found.push(findings)
}
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
