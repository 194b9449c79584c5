import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { chartValues, flatten } from './chart-values.ts'

/** What values.yaml promises and what the templates do, compared in both directions. */
const CHART = join(import.meta.dirname, '../charts/idgen')
const VALUES = flatten(chartValues(readFileSync(join(CHART, 'values.yaml'), 'utf8')))
const TEMPLATES = readdirSync(join(CHART, 'templates'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
  .join('\n')

const READ = new Set([...TEMPLATES.matchAll(/\.Values\.([A-Za-z.]+[A-Za-z])/g)].map(([, path = '']) => path))
// A value of a group that values of an earlier chart may lack: `(default dict .Values.a.b).c`, or `$b := default dict .Values.a.b`.
for (const [, path = '', leaf = ''] of TEMPLATES.matchAll(
  /\(default dict \.Values\.([A-Za-z.]+)\)\.([A-Za-z]+)/g,
))
  READ.add(`${path}.${leaf}`)
for (const [, name = '', path = ''] of TEMPLATES.matchAll(
  /\$([a-z]+) := default dict \.Values\.([A-Za-z.]+)/g,
))
  for (const [, leaf = ''] of TEMPLATES.matchAll(new RegExp(`\\$${name}\\.([A-Za-z]+)`, 'g')))
    READ.add(`${path}.${leaf}`)

/** Read by helm itself, in a chart that depends on this one. */
const READ_BY_HELM = ['enabled']

describe('the values of the chart', () => {
  test('every value is read by a template', () => {
    const leaves = VALUES.filter(({ children }) => children === undefined).map(({ path }) => path.join('.'))
    assert.ok(leaves.length > 50)
    assert.deepEqual(
      leaves.filter((path) => !READ.has(path) && !READ_BY_HELM.includes(path)),
      [],
    )
  })

  test('every value that a template reads is in values.yaml', () => {
    const known = VALUES.map(({ path }) => path.join('.'))
    const isKnown = (path: string): boolean =>
      known.includes(path) ||
      // A field of a free-form value, for example generator.spec.database.
      VALUES.some(
        ({ path: whole, children }) => children === undefined && path.startsWith(`${whole.join('.')}.`),
      )
    assert.deepEqual(
      [...READ].filter((path) => !isKnown(path)),
      [],
    )
  })

  test('the file with every value does set every value', () => {
    const full = parse(readFileSync(join(CHART, 'ci/full-values.yaml'), 'utf8')) as unknown
    // What one cannot set together with the rest, the other files of the matrix do.
    const elsewhere = ['enabled', 'watchNamespaces', /\.enabled$/, /^crds\.keep$/, /\.create$/, /^rbac\./]
    const leaves = VALUES.filter(({ children }) => children === undefined).map(({ path }) => path)
    const missing = leaves
      .filter(
        (path) =>
          path.reduce<unknown>((node, key) => (node as Record<string, unknown>)?.[key], full) === undefined,
      )
      .map((path) => path.join('.'))
      .filter(
        (path) => !elsewhere.some((known) => (typeof known === 'string' ? known === path : known.test(path))),
      )
    assert.deepEqual(missing, [])
  })
})

test('the version of the application is the one of package.json', () => {
  const { version } = JSON.parse(readFileSync(join(CHART, '../../package.json'), 'utf8')) as {
    version: string
  }
  const chart = parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8')) as {
    version: string
    appVersion: string
  }
  assert.equal(chart.appVersion, version)
  assert.match(chart.version, /^\d+\.\d+\.\d+$/)
})
