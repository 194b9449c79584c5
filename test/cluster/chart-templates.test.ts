import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import type { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { CHART, run } from './helm-command.ts'
import { KubeApi } from './kube-api.ts'
import { missingPrograms } from './kube-programs.ts'
import { schemaLocation, writeServerSchemas } from './kube-schemas.ts'

/** The matrix of values, as names of files. */
const MATRIX = readdirSync(join(CHART, 'ci')).filter((name) => name.endsWith('-values.yaml'))

/** For the oldest Kubernetes that the chart allows, whatever version helm itself knows. */
const TEMPLATE = ['template', 'idgen', '--kube-version', '1.31.0']

interface Rendered {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec?: { readonly template?: { readonly metadata: object; readonly spec: object } }
}

async function render(values: string, ...args: readonly string[]): Promise<string> {
  return await run('helm', [...TEMPLATE, CHART, '--values', join(CHART, 'ci', values), ...args])
}

/** The pods that the chart makes, by itself or by a controller. */
function podsOf(text: string): readonly { readonly from: string; readonly pod: object }[] {
  const objects = parseAllDocuments(text).map((document) => document.toJS() as Rendered | null)
  return objects.flatMap((object): readonly { from: string; pod: object }[] => {
    if (object === null) return []
    const from = `${object.kind} ${object.metadata.name}`
    if (object.kind === 'Pod') return [{ from, pod: object }]
    const { template } = object.spec ?? {}
    return template === undefined ? [] : [{ from, pod: { apiVersion: 'v1', kind: 'Pod', ...template } }]
  })
}

const skip = missingPrograms('helm', 'helm-unittest', 'kubeconform', 'kube-apiserver') ?? false

test('the chart passes the strict lint of helm', { skip }, async () => {
  for (const values of MATRIX)
    await run('helm', ['lint', '--strict', CHART, '--values', join(CHART, 'ci', values)])
})

test('the chart passes its own tests of templates', { skip }, async () => {
  const said = await run('helm-unittest', ['--strict', CHART])
  // Without any suite it would pass as well.
  assert.match(said, /Test Suites: [1-9]\d* passed/)
})

test('the chart can be part of another one, on its condition and with its global values', {
  skip,
}, async () => {
  const parent = temporaryFolder('idgen-chart-')
  await cp(CHART, join(parent, 'charts/idgen'), { recursive: true })
  const dependencies = [{ name: 'idgen', version: '*', condition: 'idgen.enabled' }]
  await writeFile(
    join(parent, 'Chart.yaml'),
    JSON.stringify({ apiVersion: 'v2', name: 'parent', version: '1.0.0', dependencies }),
  )
  const global = { imageRegistry: 'registry.example.com', somebodyElses: { value: 1 } }
  await writeFile(join(parent, 'values.yaml'), JSON.stringify({ global, idgen: { enabled: true } }))
  assert.match(await run('helm', [...TEMPLATE, parent]), /image: "registry\.example\.com\/idgen:/)
  const without = await run('helm', [...TEMPLATE, parent, '--set', 'idgen.enabled=false'])
  assert.equal(without.trim(), '')
})

describe('against a real API server', { skip }, () => {
  let api: KubeApi
  let client: HttpKubeClient
  let folder: string

  before(async () => {
    api = await KubeApi.start()
    client = api.client()
    folder = temporaryFolder('idgen-chart-')
    await writeServerSchemas(client, join(folder, 'schemas'))
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'restricted', labels } }
    await client.send({ method: 'POST', path: '/api/v1/namespaces', body })
  })

  after(() => api.close())

  async function conform(text: string): Promise<string> {
    const file = join(folder, 'rendered.yaml')
    await writeFile(file, text)
    const location = schemaLocation(join(folder, 'schemas'))
    // The kinds of the Prometheus operator and of cert-manager are not the API server's own; the chart's own tests look at their fields.
    return await run('kubeconform', [
      '-strict',
      '-summary',
      '-skip',
      'ServiceMonitor,PrometheusRule,Certificate',
      '-schema-location',
      location,
      file,
    ])
  }

  for (const values of MATRIX)
    test(`the objects are as Kubernetes has them, with ${values}`, async () => {
      const said = await conform(await render(values))
      assert.match(said, /Invalid: 0, Errors: 0, Skipped: [0-3]$/m)
    })

  test('a field that Kubernetes does not have is found', async () => {
    const text = await render('default-values.yaml')
    await assert.rejects(
      conform(text.replace('automountServiceAccountToken: false', 'automount: false')),
      /additional.*automount/i,
    )
  })

  for (const values of MATRIX)
    test(`every pod is admitted by the restricted standard, with ${values}`, async () => {
      const pods = podsOf(await render(values))
      assert.ok(pods.length >= 2, 'the operator and the test')
      for (const { from, pod } of pods) {
        const body = { ...pod, metadata: { name: 'pod', namespace: 'restricted' } }
        const query = { dryRun: 'All', fieldValidation: 'Strict' }
        const path = '/api/v1/namespaces/restricted/pods'
        await assert.doesNotReject(client.send({ method: 'POST', path, query, body }), from)
      }
    })

  test('a pod that is not restricted is refused by that namespace', async () => {
    const [operator] = podsOf(
      await render('default-values.yaml', '--set', 'securityContext.capabilities=null'),
    )
    const body = { ...operator?.pod, metadata: { name: 'pod', namespace: 'restricted' } }
    const path = '/api/v1/namespaces/restricted/pods'
    await assert.rejects(
      client.send({ method: 'POST', path, query: { dryRun: 'All' }, body }),
      /violates PodSecurity "restricted/,
    )
  })
})
