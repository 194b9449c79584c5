import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type { TestContext } from 'node:test'
import { parse, stringify } from 'yaml'
import { until } from '../fixtures/until.ts'
import { SHIPPED_RULES, type Told, toldAt } from './alert-world.ts'

/** What a test did to real processes, by the alert that it is a cause of, and when people were told of it. */
export class CausedAlerts {
  readonly #atMs = new Map<string, number>()

  /** From now on the cause is there: called just before it. */
  caused(...alerts: readonly string[]): void {
    for (const alert of alerts) this.#atMs.set(alert, Date.now())
  }

  /** @throws AssertionError with those that people were not told of, by both ways, within a minute of their cause */
  async assertTold(t: TestContext, told: Told): Promise<void> {
    const all = (): boolean => [...this.#atMs.keys()].every((alert) => toldAt(told).has(alert))
    // Beyond the minute, to tell by how much it was missed.
    await until('all alerts', all, LOOK_ON_MS).catch(() => {})
    const took = [...this.#atMs].map(
      ([alert, atMs]) => [alert, (toldAt(told).get(alert) ?? Number.NaN) - atMs] as const,
    )
    t.diagnostic(took.map(([alert, ms]) => `${alert} ${(ms / 1000).toFixed(0)} s`).join(', '))
    const late = took.filter(([, ms]) => !(ms > 0 && ms < TOLD_WITHIN_MS))
    assert.deepEqual(late, [])
  }
}

/** */
const TOLD_WITHIN_MS = 60_000
const LOOK_ON_MS = 90_000

/** The one bound of a rule that a test cannot reach in a minute: as it is shipped, and as it is here. */
interface ChangedBound {
  readonly for?: readonly [shipped: string, here: string]
  /** A part of the expression, which stands in it once. */
  readonly expr?: readonly [shipped: string, here: string]
}

interface Rule {
  readonly alert: string
  for: string
  expr: string
}

/** The rules as they are shipped, but for these bounds. @throws AssertionError where one is not shipped so */
export async function rulesWith(changes: Readonly<Record<string, ChangedBound>>): Promise<string> {
  const file = parse(await readFile(SHIPPED_RULES, 'utf8')) as {
    readonly groups: readonly { readonly rules: readonly Rule[] }[]
  }
  for (const [alert, change] of Object.entries(changes)) {
    const rule = file.groups.flatMap(({ rules }) => rules).find((one) => one.alert === alert)
    assert.ok(rule !== undefined, alert)
    if (change.for !== undefined) {
      assert.equal(rule.for, change.for[0], alert)
      rule.for = change.for[1]
    }
    if (change.expr !== undefined) {
      const parts = rule.expr.split(change.expr[0])
      assert.equal(parts.length, 2, alert)
      rule.expr = parts.join(change.expr[1])
    }
  }
  return stringify(file)
}
