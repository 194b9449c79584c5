import { test } from 'node:test'
import { leftOut } from '../fixtures/left-out.ts'
import { CannotMount } from './installation.ts'
import type { Scenario } from './scenario.ts'
import { runScenario } from './scenario-run.ts'

/** One test for each scenario. */
export function testScenarios(scenarios: readonly Scenario[]): void {
  for (const scenario of scenarios)
    test(`no ID comes twice and all recovers when ${scenario.title}`, {
      timeout: limitMs(scenario),
    }, async (t) => {
      const missing = scenario.missing?.()
      if (missing !== undefined) return t.skip(leftOut(missing))
      try {
        await runScenario(t, scenario)
      } catch (thrown) {
        if (!(thrown instanceof CannotMount)) throw thrown
        t.skip(thrown.message)
      }
    })
}

/** The fault and the recovery as long as they may take, and a start on a busy machine. */
function limitMs({ holdS = 10, normalWithinS = 30 }: Scenario): number {
  return (holdS + normalWithinS) * 1000 + START_MS
}

const START_MS = 120_000
