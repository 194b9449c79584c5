import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readKillRuns, readObservations } from '../test/faults/observation-files.ts'
import { ALL_LONG } from '../test/faults/scenarios/all-scenarios.ts'
import { reliabilityText } from './reliability-text.ts'

/**
 * Writes docs/reliability.md out of what the last `make faults` saw. Only a complete long run makes the document: half
 * of one would leave out what failed.
 */
const ROOT = join(import.meta.dirname, '..')

function main(): void {
  const seen = new Map(readObservations().map((observation) => [observation.name, observation]))
  const missing = ALL_LONG.filter(({ name }) => seen.get(name)?.form !== 'long').map(({ name }) => name)
  const kills = readKillRuns()
  if (missing.length > 0 || kills.length === 0) {
    process.stdout.write(
      `docs/reliability.md was left as it is; not run in the long form: ${missing.join(', ')}\n`,
    )
    process.exitCode = 1
    return
  }
  const observations = ALL_LONG.flatMap(({ name }) => seen.get(name) ?? [])
  writeFileSync(join(ROOT, 'docs/reliability.md'), reliabilityText(observations, kills))
}

main()
