import assert from 'node:assert/strict'
import { ALGORITHMS } from '../../service/core/algorithm.ts'
import { PROTOCOLS } from '../fixtures/id-calls.ts'
import { type Observation, type Scenario, STEADY_TAGS, type Stage, TAGS } from './scenario.ts'

/**
 * What must be true of every fault, whatever it was: nothing twice, nobody crashed, only such failures as the scenario
 * names, readiness never lost because of a dependency, and everything as before in the end without a restart.
 *
 * @throws AssertionError
 */
export async function judge(
  scenario: Scenario,
  stage: Stage,
  observation: Observation,
  unready: number,
): Promise<void> {
  stage.issued.verify()
  assert.deepEqual(await stage.installation.crashed(), [], 'no process ends because of a fault')
  for (const protocol of PROTOCOLS)
    assert.ok((observation.idsPerProtocol[protocol] ?? 0) > 0, `the load over ${protocol} was real`)
  assert.deepEqual(unexpectedFailures(scenario, observation), [], 'requests failed that must not')
  assert.deepEqual(unsteady(scenario, observation), [], 'tags that were not served as always')
  for (const tag of scenario.degrades ?? [])
    assert.ok(wasDegraded(observation, tag), `${tag} was to be seen degraded`)
  if (scenario.mayBeUnready !== true) assert.equal(unready, 0, '/readyz was 503 because of a dependency')
  assert.ok(observation.normalAfterMs !== undefined, 'all is as before in the end')
  await scenario.check?.(stage, observation)
}

/** Outcomes per tag from the fault to the end of the run. */
function* outcomes({
  during,
  afterwards,
}: Observation): Iterable<{ tag: string; what: string; count: number }> {
  for (const { perTag } of [during, afterwards])
    for (const [tag, counts] of Object.entries(perTag))
      for (const [what, count] of Object.entries(counts)) yield { tag, what, count }
}

function unexpectedFailures({ mayFail = [], mayFailOf }: Scenario, observation: Observation): string[] {
  return [...outcomes(observation)]
    .filter(({ what }) => !isAlgorithm(what))
    .filter(({ tag, what }) => !mayFail.includes(what) || mayFailOf?.includes(tag) === false)
    .map(({ tag, what, count }) => `${tag}: ${what} ${count}×`)
}

function unsteady({ steady = STEADY_TAGS }: Scenario, observation: Observation): string[] {
  return [...outcomes(observation)]
    .filter(({ tag, what }) => steady.includes(tag) && isAlgorithm(what) && what !== firstChoice(tag))
    .map(({ tag, what, count }) => `${tag}: ${what} ${count}×`)
}

function wasDegraded(observation: Observation, tag: string): boolean {
  return [...outcomes(observation)].some(
    (outcome) => outcome.tag === tag && isAlgorithm(outcome.what) && outcome.what !== firstChoice(tag),
  )
}

function isAlgorithm(what: string): boolean {
  return ALGORITHMS.some((name) => name === what)
}

function firstChoice(tag: string): string {
  const settings = Object.entries(TAGS).find(([name]) => name === tag)?.[1]
  if (settings === undefined) throw new Error(`there is no tag ${tag}`)
  return 'algorithm' in settings ? settings.algorithm : settings.chain[0]
}
