import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse, stringify } from 'yaml'
import { KEYS } from '../../service/config/keys.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { ALERT_EXAMPLES, type AlertExample, CHART_EXAMPLES } from './alert-examples.ts'
import { watchProgram, withoutPrograms } from './watch-programs.ts'

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly for: string
  readonly annotations: { readonly runbook_url: string }
}

const ROOT = join(import.meta.dirname, '../..')
const FILE = join(ROOT, 'alerts/idgen.yaml')
const CHART_FILE = join(ROOT, 'charts/idgen/files/operator-rules.yaml')
interface Group {
  readonly name: string
  readonly interval: string
  readonly rules: readonly Rule[]
}
const groupsOf = (file: string): readonly Group[] =>
  (parse(readFileSync(file, 'utf8')) as { readonly groups: readonly Group[] }).groups
const groups = groupsOf(FILE)
const rules = groups.flatMap((group) => group.rules)
const names = rules.map(({ alert }) => alert).toSorted()
/** Tests that cause alerts on real processes, and hold when people are told. */
const CAUSING = /alerts?-for-real\.test\.ts$/
/** Alerts that a test names outside comments. */
function namesIn(source: string): string[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
  return [...code.matchAll(/\bIdgen[A-Z][A-Za-z]+/g)].map(([name]) => name)
}

describe('each alert rule', () => {
  test('has an example that fires it and one that does not', () => {
    assert.deepEqual(Object.keys(ALERT_EXAMPLES).toSorted(), names)
  })

  test('has a runbook that its annotation names, and there are no others', () => {
    const pages = readdirSync(join(ROOT, 'docs/runbooks')).filter((file) => file !== 'README.md')
    assert.deepEqual(pages.toSorted(), names.map((name) => `${name}.md`).toSorted())
    for (const { alert, annotations } of rules) {
      assert.equal(annotations.runbook_url, `docs/runbooks/${alert}.md`)
      const page = readFileSync(join(ROOT, `docs/runbooks/${alert}.md`), 'utf8')
      for (const title of [
        `# ${alert}`,
        '## What it means',
        '## What to look at',
        '## What to do',
        '## What not to do',
      ])
        assert.ok(page.includes(`${title}\n`), `${alert}: ${title}`)
    }
  })

  test('is caused for real by a test, and docs/alerts.md says so', () => {
    const page = readFileSync(join(ROOT, 'docs/alerts.md'), 'utf8')
    const section = page.split('## What is caused for real\n')[1]?.split('\n## ')[0] ?? ''
    const told = new Set([...section.matchAll(/\bIdgen[A-Z][A-Za-z]+/g)].map(([name]) => name))
    assert.deepEqual([...told].toSorted(), names)
    const caused = new Set<string>()
    for (const folder of ['test/integration', 'test/cluster'])
      for (const file of readdirSync(join(ROOT, folder)).filter((name) => CAUSING.test(name))) {
        assert.ok(section.includes(file), file)
        for (const name of namesIn(readFileSync(join(ROOT, folder, file), 'utf8'))) caused.add(name)
      }
    assert.deepEqual([...caused].toSorted(), names)
  })

  test('fires on what it is for, and on nothing else, says promtool', {
    skip: withoutPrograms('promtool'),
  }, () => {
    hold(groups, ALERT_EXAMPLES)
  })

  test('of the chart does so, too', { skip: withoutPrograms('promtool') }, () => {
    hold(groupsOf(CHART_FILE), CHART_EXAMPLES)
  })

  test('about time that ends is told of before its end, with the defaults', () => {
    const alert = 'IdgenTimeGrantEnds'
    const group = groups.find((one) => one.rules.some((rule) => rule.alert === alert))
    const rule = group?.rules.find((one) => one.alert === alert)
    const late = Number(/idgen_time_renewal_late_seconds\{[^}]+\} > ([0-9.]+)$/.exec(rule?.expr ?? '')?.[1])
    assert.ok(late > STALL_SECONDS + RETRY_SECONDS, `a store that is away for ${STALL_SECONDS} s: ${late}`)
    const renewal = KEYS['snowflake.renewEvery'].default / 1000
    const ways = [SCRAPED_EVERY, group?.interval, rule?.for, messagesWait(alert)].map(secondsOf)
    const told = ways.reduce((sum, seconds) => sum + seconds, renewal + late)
    const ends = (STAMPED_SHARE * KEYS['snowflake.lease'].default) / 1000
    assert.ok(told <= ends - DELIVERY_SECONDS, `told after ${told} s, and it ends after ${ends} s`)
  })
})

/** Nobody is to be told of a store that is away for so long; it is asked again within so much. */
const STALL_SECONDS = 4
const RETRY_SECONDS = 1
/** Of the lease (TimeGrantKeeper). */
const STAMPED_SHARE = 0.8
const DELIVERY_SECONDS = 1
/** As docs/alerts.md says it. */
const SCRAPED_EVERY = '5s'

interface Route {
  readonly matchers?: readonly string[]
  readonly group_wait: string
  readonly routes?: readonly Route[]
}

/** For how long Alertmanager keeps the first message about an alert, in the file as it is shipped. */
function messagesWait(alert: string): string {
  const text = readFileSync(join(ROOT, 'alerts/alertmanager.yaml'), 'utf8')
  const { route } = parse(text) as { readonly route: Route }
  const own = route.routes?.find(({ matchers }) => matchers?.includes(`alertname="${alert}"`))
  return (own ?? route).group_wait
}

/** Of a text such as "5s". */
function secondsOf(text: string | undefined): number {
  assert.match(text ?? '', /^[0-9]+s$/)
  return Number.parseInt(text ?? '', 10)
}

/** @throws what promtool finds where a rule and its examples disagree */
function hold(all: readonly Group[], examples: Readonly<Record<string, AlertExample>>): void {
  const folder = temporaryFolder('idgen-rules-')
  // Each rule by itself: with all of them in one file promtool would evaluate them all at every step of every example.
  const files = all.flatMap((group) =>
    group.rules.map((rule) => {
      const { alert } = rule
      const example = examples[alert]
      assert.ok(example !== undefined, alert)
      const { fires, quiet, at = '9m', more = [] } = example
      const file = join(folder, `${alert}.yaml`)
      writeFileSync(file, stringify({ groups: [{ ...group, rules: [rule] }] }))
      const tests = [
        counted(alert, fires, at, 1),
        counted(alert, quiet, at, 0),
        ...more.map((one) => counted(alert, one.series, one.at, one.fires ? 1 : 0)),
      ]
      const path = join(folder, `${alert}.test.yaml`)
      writeFileSync(path, stringify({ rule_files: [file], evaluation_interval: '15s', tests }))
      return path
    }),
  )
  const promtool = watchProgram('promtool') ?? ''
  execFileSync(promtool, ['test', 'rules', ...files], { stdio: 'pipe', encoding: 'utf8', timeout: 120_000 })
}

/** Whether one alert of this name fires. */
function counted(name: string, series: Readonly<Record<string, string>>, at: string, firing: number): object {
  return {
    interval: '15s',
    input_series: Object.entries(series).map(([metric, values]) => ({ series: metric, values })),
    promql_expr_test: [
      {
        expr: `count(ALERTS{alertname="${name}",alertstate="firing"}) > bool 0 or vector(0)`,
        eval_time: at,
        exp_samples: [{ labels: '{}', value: firing }],
      },
    ],
  }
}
