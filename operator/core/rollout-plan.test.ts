import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import type { IdGeneratorSpec } from '../api/generated/id-generator.ts'
import { planRollout, printSteps } from './rollout-plan.ts'

type Canary = IdGeneratorSpec['canary']

/** What the API server fills in for `canary: {}`. */
const DEFAULTS = defaultOf(
  parse(readFileSync(join(import.meta.dirname, '../../crds/idgen.io_idgenerators.yaml'), 'utf8')),
  ['spec', 'versions', '0', 'schema', 'openAPIV3Schema', 'properties', 'spec', 'properties', 'canary'],
) as Canary

interface Schema {
  readonly default?: unknown
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
}

function defaultOf(document: unknown, path: readonly string[]): unknown {
  const schema = path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], document)
  return filled((schema as Schema).default, schema as Schema)
}

function filled(value: unknown, { items, properties = {} }: Schema): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => filled(one, items ?? {}))
  if (typeof value !== 'object' || value === null) return value
  const own = value as Record<string, unknown>
  const entries = Object.entries(properties).flatMap(([key, schema]) => {
    const found = own[key] ?? schema.default
    return found === undefined ? [] : [[key, filled(found, schema)] as const]
  })
  return { ...own, ...Object.fromEntries(entries) }
}

function planOf(changes: Partial<Canary> = {}) {
  return planRollout({ canary: { ...DEFAULTS, ...changes }, revisionHistoryLimit: 3 })
}

describe('the plan of a rollout', () => {
  test('by default holds 5 % and 50 % for a day each', () => {
    const plan = planOf()
    assert.equal(printSteps(plan.steps), '5@24h 50@24h 100')
    assert.equal(plan.progressDeadlineMs, 600_000)
    assert.equal(plan.abortScaleDownDelayMs, 30_000)
    assert.deepEqual(plan.analysis, {
      enabled: true,
      provider: 'Scrape',
      intervalMs: 30_000,
      initialDelayMs: 60_000,
      minSamples: 100,
      failureLimit: 2,
      errorLimit: 5,
      onNoData: 'Proceed',
      metrics: [
        { name: 'errorRate', max: 0.01 },
        { name: 'p99Milliseconds', max: 10, maxRatioToStable: 2 },
        { name: 'degradedShare', max: 0.01 },
      ],
    })
  })

  test('of the strategy Immediate has one step and no analysis', () => {
    const { steps, analysis } = planOf({ strategy: 'Immediate' })
    assert.equal(printSteps(steps), '100')
    assert.equal(analysis.enabled, false)
  })

  test('ends at 100 % even where an old object does not say so', () => {
    const step = { weight: 20, hold: '1h30m', requireApproval: true }
    assert.equal(printSteps(planOf({ steps: [step] }).steps), '20@1h30m+approval 100')
  })

  test('that cannot be read is refused with every field and its value', () => {
    const analysis = { ...DEFAULTS.analysis, interval: 'often', metrics: [{ name: 'errorRate', max: '1 %' }] }
    assert.throws(
      () => planOf({ progressDeadline: '10 min', analysis }),
      /spec\.canary\.progressDeadline: "10 min" is no.*spec\.canary\.analysis\.interval: "often".*metrics\[0\]\.max: "1 %" is no number/,
    )
  })

  test('judges at most once a second', () => {
    assert.equal(planOf({ analysis: { ...DEFAULTS.analysis, interval: '0s' } }).analysis.intervalMs, 1000)
  })
})
