import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { sampleGenerator } from '../render/sample-installations.ts'
import { RuntimeMetrics } from '../runtime/metrics.ts'
import { watchGenerators } from './generator-metrics.ts'

const FILE = join(import.meta.dirname, '../../dashboards/operator.json')

interface Dashboard {
  readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[]
}

/** Every series that an operator with an IdGenerator tells once all of its parts have begun: name and labels. */
async function toldSeries(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const metrics = new RuntimeMetrics()
  const generator = { ...sampleGenerator(), status: { certificateNotAfter: '2027-01-01T00:00:00Z' } }
  watchGenerators(metrics.registry, () => ({ idGenerators: [generator], bizTags: [] }))
  metrics.controllerStarted('idgenerator', 1)
  metrics.reconcileEnded('idgenerator', 'success', 1, false)
  metrics.leading('idgen', true)
  for (const what of ['list', 'watch', 'handler'] as const) metrics.reflectorFailed('Pod', what)
  const { text } = await metrics.scrape()
  const told = new Map<string, Set<string>>()
  for (const [, name = '', labels = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const known = told.get(name) ?? new Set()
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label)
    told.set(name, known)
  }
  // A queue is measured when it is there; the metrics are declared from the start.
  for (const [, name = ''] of text.matchAll(/^# TYPE (workqueue_\w+) gauge$/gm))
    told.set(name, new Set(['name']))
  return told
}

test('the dashboard of the operator shows metrics and labels that the operator tells', async () => {
  const told = await toldSeries()
  const { panels } = JSON.parse(readFileSync(FILE, 'utf8')) as Dashboard
  const exprs = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  assert.ok(exprs.length > 10)
  for (const expr of exprs) {
    const names = [...expr.matchAll(/\b(?!le\b)[a-z]+_[a-z_]+\b(?=[{[)]|$)/g)].map(([name]) => name)
    const metrics = names.filter(
      (name) => !expr.includes(`by (${name})`) && !/^(?:generator_namespace)$/.test(name),
    )
    assert.ok(metrics.length > 0, expr)
    for (const metric of metrics) {
      const labels = told.get(metric)
      assert.ok(labels !== undefined, `${metric} in ${expr}`)
      const used = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '))
      const matched = [...expr.matchAll(/(\w+)=~/g)].map(([, label = '']) => label)
      for (const label of [...used, ...matched])
        assert.ok(labels.has(label), `${label} of ${metric} in ${expr}`)
    }
  }
})
