import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DASHBOARDS } from '../dashboard-files.ts'
import type { Dashboard, Panel } from './dashboard.ts'
import { grafanaDashboard } from './grafana.ts'
import { OVERVIEW } from './overview.ts'
import { panelId } from './panel-id.ts'

function idsOf(dashboard: Dashboard): ReadonlyMap<string, number> {
  const { panels } = grafanaDashboard(dashboard) as { panels: { id: number; title: string }[] }
  return new Map(panels.map(({ id, title }) => [title, id]))
}

const NEW_PANEL: Panel = { title: 'New', description: '', kind: 'lines', unit: 'none', series: [] }

test('a panel keeps its number when others come before it, move or go', () => {
  const before = idsOf(OVERVIEW)
  const [first, ...others] = OVERVIEW.rows
  assert.ok(first !== undefined)
  const more = { title: first.title, panels: [NEW_PANEL, ...first.panels] }
  const after = idsOf({ ...OVERVIEW, rows: [more, ...others.toReversed()] })
  for (const [title, id] of before) assert.equal(after.get(title), id, title)
  assert.equal(after.size, before.size + 1)
})

test('the numbers of a dashboard are whole, above 0 and not twice', () => {
  for (const dashboard of DASHBOARDS) {
    const ids = [...idsOf(dashboard).values()]
    const titles = dashboard.rows.flatMap((row) => [row.title, ...row.panels.map(({ title }) => title)])
    assert.equal(new Set(ids).size, titles.length, dashboard.name)
    for (const id of ids) assert.ok(Number.isInteger(id) && id >= 1 && id <= 2 ** 24, String(id))
  }
})

test('two panels that would have one number are refused', () => {
  const [row] = OVERVIEW.rows
  assert.ok(row !== undefined)
  const twice = { ...OVERVIEW, rows: [{ title: 'Row', panels: [NEW_PANEL, NEW_PANEL] }, row] }
  assert.throws(() => grafanaDashboard(twice), /"New" and "New" have the same number/)
})

test('the numbers of an earlier release stay: addresses that people kept name them', () => {
  assert.equal(panelId(''), 1 + (0x811c9dc5 % 2 ** 24))
  assert.equal(panelId('Latency'), 10_772_218)
})
