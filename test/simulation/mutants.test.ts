import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { MUTANTS, type Mutant, SEGMENT_MUTANTS, TIME_MUTANTS } from './mutants/catalogue.ts'
import { runSeed, type SeedOptions, type SeedResult } from './run-seed.ts'

/** A simulation that cannot fail proves nothing: every rule that is left out must be noticed. */

function optionsOf({ variant, installation = {}, faults }: Mutant, seed: number): SeedOptions {
  return { seed, variant, installation, progress: false, ...(faults === undefined ? {} : { faults }) }
}

async function firstCaught(mutant: Mutant): Promise<SeedResult | undefined> {
  for (let seed = 1; seed <= SEEDS_MAX; seed += 1) {
    const result = await runSeed(optionsOf(mutant, seed))
    if (result.violation !== undefined) return result
  }
  return undefined
}

/** Three times what the slowest of them needed when this was written. */
const SEEDS_MAX = 60
const CONTROL_SEEDS = 1

describe('random faults catch', () => {
  for (const mutant of MUTANTS.filter(({ found }) => found === 'by chance'))
    test(`the mutant in which ${mutant.name}`, async (t) => {
      const caught = await firstCaught(mutant)
      assert.ok(caught !== undefined, `${SEEDS_MAX} seeds noticed nothing`)
      t.diagnostic(`seed ${caught.seed}, ${caught.steps} events: ${caught.violation?.rule}`)
    })

  test('nothing where no rule is left out, under the same faults', async () => {
    for (const mutant of MUTANTS)
      for (let seed = 1; seed <= CONTROL_SEEDS; seed += 1) {
        const { violation } = await runSeed({ ...optionsOf(mutant, seed), variant: {} })
        assert.equal(violation, undefined, `${mutant.name}, seed ${seed}: ${violation?.text}`)
      }
  })
})

describe('every mutant', () => {
  test('has a directed test that shows the duplicate step by step', () => {
    const folder = join(import.meta.dirname, 'traces')
    const traces = readdirSync(folder)
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('\n')
    assert.deepEqual(
      MUTANTS.filter(({ trace }) => !traces.includes(`'${trace}', async`)).map(({ name }) => name),
      [],
    )
  })

  test('of the list that issue 4 asks for is there', () => {
    assert.equal(TIME_MUTANTS.length + SEGMENT_MUTANTS.length, 13)
  })
})
