import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { dashboardUrl, INSTALLATION_PANELS, panelUrl, UNIT_PANELS } from './grafana-panels.ts'

const DASHBOARDS = join(import.meta.dirname, '../../dashboards')

interface Made {
  readonly uid: string
  readonly panels: readonly { readonly id: number; readonly title: string }[]
  readonly templating: { readonly list: readonly { readonly name: string }[] }
}

function made(uid: string): Made {
  return JSON.parse(readFileSync(join(DASHBOARDS, `${uid.slice('idgen-'.length)}.json`), 'utf8')) as Made
}

test('every panel that is framed is there, under its title', () => {
  for (const { dashboard, panel, title } of [...INSTALLATION_PANELS, ...UNIT_PANELS]) {
    const { uid, panels } = made(dashboard)
    assert.equal(uid, dashboard)
    assert.equal(panels.find(({ id }) => id === panel)?.title, title, `${dashboard} ${panel}`)
  }
})

test('a business unit is chosen by variables that the dashboard has', () => {
  const names = made('idgen-tags').templating.list.map(({ name }) => name)
  const [panel] = UNIT_PANELS
  assert.ok(panel !== undefined)
  const url = new URL(
    panelUrl('https://g.example/grafana/', panel, {
      range: '6h',
      within: 'acme/shop',
      theme: 'dark',
      language: 'en',
    }),
  )
  assert.equal(url.pathname, '/grafana/d-solo/idgen-tags/idgen')
  const query = Object.fromEntries(url.searchParams)
  assert.deepEqual(query, {
    orgId: '1',
    from: 'now-6h',
    to: 'now',
    theme: 'dark',
    'var-workspace': 'acme',
    'var-group': 'shop',
    panelId: '3838503',
    refresh: '30s',
  })
  for (const name of Object.keys(query).filter((one) => one.startsWith('var-')))
    assert.ok(names.includes(name.slice('var-'.length)), name)
  const whole = dashboardUrl('http://g:3000', 'idgen-overview', {
    range: '1h',
    within: '',
    theme: 'auto',
    language: 'en',
  })
  assert.equal(whole, 'http://g:3000/d/idgen-overview/idgen?orgId=1&from=now-1h&to=now')
})
