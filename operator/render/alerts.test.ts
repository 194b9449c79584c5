import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { alertRules, plainRules } from './alert-groups.ts'
import { PLAIN_SCOPE, ruleScope } from './alert-rule.ts'
import { monitoring } from './monitoring.ts'
import { DEFAULT_SPEC, sampleGenerator, settled } from './sample-installations.ts'

const ROOT = join(import.meta.dirname, '../..')
const rulesOf = (spec: Parameters<typeof sampleGenerator>[0] = {}) =>
  alertRules(ruleScope(sampleGenerator(spec)))
const rules = rulesOf()
/** Also what the operator says of itself. */
const all = plainRules()

/** Names in quotes, in sources: what is exposed, and what is only spoken of, is told apart by nobody else. */
function exposed(): ReadonlySet<string> {
  const files = ['service', 'operator'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /(?<!\.test)\.ts$/.test(file) && !file.startsWith('render'))
      .map((file) => join(ROOT, folder, file)),
  )
  const names = files.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/'(idgen_[a-z0-9_]+)'/g)])
  return new Set(names.map(([, name = '']) => name))
}

describe('alert rules', () => {
  test('rest on metrics that the service or the operator exposes', () => {
    const known = exposed()
    const used = all.flatMap(({ expr }) => [...expr.matchAll(/\bidgen_[a-z0-9_]+/g)].map(([name]) => name))
    assert.ok(used.length > 20)
    assert.deepEqual(
      [...new Set(used)].filter((name) => !known.has(name.replace(/_(?:bucket|count)$/, ''))),
      [],
    )
  })

  test('are the ones that are asked for (R-3.1.2), and each has a name of its own', () => {
    const names = all.map(({ alert }) => alert)
    assert.deepEqual(names, [...new Set(names)])
    for (const wanted of [
      'QpsHigh',
      'QpsLow',
      'LatencyHigh',
      'ErrorsHigh',
      'SegmentNearlyOut',
      'DatabaseUnreachable',
    ])
      assert.ok(names.includes(`Idgen${wanted}`), wanted)
  })

  test('select the pods, or what the operator says, of this IdGenerator only', () => {
    for (const { alert, expr } of rules) {
      const selectors = [...expr.matchAll(/\b(?:idgen_[a-z0-9_]+|nodejs_[a-z0-9_]+|up)\{([^}]*)\}/g)].map(
        ([, text]) => text ?? '',
      )
      assert.ok(selectors.length > 0, alert)
      for (const selector of selectors)
        assert.match(
          selector,
          /^(?:namespace="shop",job="orders"|generator_namespace="shop",generator="orders")/,
        )
      assert.equal(
        expr.match(/\bidgen_[a-z0-9_]+(?!\{)\b(?!\{)/g),
        null,
        `${alert}: a metric without selector`,
      )
    }
  })

  test('close what they open', () => {
    for (const { alert, expr } of all)
      for (const [open, close] of ['()', '[]', '{}'] as unknown as [string, string][])
        assert.equal(expr.split(open).length, expr.split(close).length, alert)
  })

  test('say to people what it is and what to do', () => {
    for (const { alert, summary, description } of all) {
      assert.ok(summary.length > 10 && !summary.endsWith('.'), alert)
      assert.match(description, /\.$|`$|\}$|orders$|\/status$/, alert)
    }
  })

  test('say why, where they hold for more than half a minute before people are told, and only there', () => {
    for (const { alert, for: holds, patience } of all)
      assert.equal(patience !== undefined, !/^(?:[0-9]|[12][0-9]|30)s$/.test(holds), `${alert}: ${holds}`)
  })

  test('wait for nothing where they are critical', () => {
    const patient = all.filter(({ severity, patience }) => severity === 'critical' && patience !== undefined)
    assert.deepEqual(patient, [])
  })

  test('take their bounds from the spec', () => {
    const alerts = {
      ...DEFAULT_SPEC.alerts,
      p99Milliseconds: 25,
      errorPercent: '0.5',
      capacityPerSecond: 4000,
    }
    const expr = (name: string) => rulesOf({ alerts }).find(({ alert }) => alert === name)?.expr
    assert.match(expr('IdgenLatencyHigh') ?? '', / > 25$/)
    assert.match(expr('IdgenErrorsHigh') ?? '', / > 0\.5$/)
    assert.match(expr('IdgenQpsHigh') ?? '', / 0\.8 \* 4000 \* /)
  })

  test('look back over four scrapes, and at least 40 s', () => {
    const window = (interval: string) =>
      ruleScope(sampleGenerator({ monitoring: { ...DEFAULT_SPEC.monitoring, interval } })).window
    assert.deepEqual(['15s', '30s', '1m30s', '5s', '500ms'].map(window), [
      '60s',
      '120s',
      '360s',
      '40s',
      '40s',
    ])
  })

  test('say how to reach the reasons, which a process tells on its metrics port alone', () => {
    const scopes = [ruleScope(sampleGenerator()), PLAIN_SCOPE]
    for (const { alert, description } of scopes.flatMap(alertRules)) {
      assert.doesNotMatch(description, /readyz/, alert)
      for (const [, address = ''] of description.matchAll(/curl -s http:\/\/(.+?)\/status/g))
        assert.match(address, /^(?:localhost:9464|HOST:9464|\{\{ \$labels\.instance \}\})$/, alert)
    }
    const told = (name: string) => rules.find(({ alert }) => alert === name)?.description ?? ''
    assert.match(
      told('IdgenDegraded'),
      /port-forward pod\/POD 9464, then curl -s http:\/\/localhost:9464\/status$/,
    )
    const encrypted = rulesOf({ tls: { mode: 'Optional', metrics: true } })
    const asked = encrypted.find(({ alert }) => alert === 'IdgenDegraded')?.description ?? ''
    assert.match(asked, /port-forward pod\/POD 9464, then curl -sk https:\/\/localhost:9464\/status$/)
    assert.match(told('IdgenPodNotReady'), /port-forward pod\/\{\{ \$labels\.pod \}\} 9464/)
  })

  test('miss no pods where none are wanted', () => {
    const names = rulesOf({ replicas: 0 }).map(({ alert }) => alert)
    assert.equal(names.includes('IdgenDown'), false)
    assert.equal(names.length, rules.length - 1)
  })
})

const MONITORED = {
  monitoring: { ...DEFAULT_SPEC.monitoring, serviceMonitor: true, prometheusRule: true },
}

test('alerts name the page in the repository, or link to where the operator was told that it is', () => {
  const links = (runbooks?: string): string[] =>
    monitoring(settled(MONITORED, runbooks === undefined ? {} : { runbooks })).flatMap((object) =>
      [...JSON.stringify(object).matchAll(/"runbook_url":"([^"]+)"/g)].map(([, link = '']) => link),
    )
  assert.equal(links().length, rules.length)
  for (const link of links()) assert.ok(existsSync(join(ROOT, link)), link)
  const own = links('https://wiki.example/idgen/')
  // The urgent ones stand in a group behind the others.
  assert.deepEqual(
    own.toSorted(),
    rules.map(({ alert }) => `https://wiki.example/idgen/${alert}.md`).toSorted(),
  )
})
