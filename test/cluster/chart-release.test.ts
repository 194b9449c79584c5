import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import { isStatus } from '../../operator/runtime/kube-client.ts'
import { newNamespace, until } from './cluster-world.ts'
import { CHART, run } from './helm-command.ts'
import { HookJobs } from './hook-jobs.ts'
import { KubeApi } from './kube-api.ts'
import { missingPrograms } from './kube-programs.ts'

/**
 * Before a first release: the chart as it was then, called 0.0.9, with a column less in one definition; and with
 * spec.resp, which test/e2e asks all the time. After a release, the package of that release takes its place.
 */
const PREVIOUS = join(import.meta.dirname, '../fixtures/chart-previous.tgz')
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const GENERATOR_VALUES = join(CHART, 'ci/generator-values.yaml')

interface Definition {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> }
  readonly spec: {
    readonly versions: readonly { readonly additionalPrinterColumns: readonly { readonly name: string }[] }[]
  }
}

const skip = missingPrograms('helm', 'kube-apiserver') ?? false

describe('a release of the chart', { skip }, () => {
  let api: KubeApi
  let client: HttpKubeClient
  let kubeconfig: string
  let namespace: string
  let jobs: HookJobs

  before(async () => {
    api = await KubeApi.start()
    client = api.client()
    kubeconfig = await api.kubeconfig()
    namespace = await newNamespace(client)
    jobs = new HookJobs(api, client, namespace)
  })

  after(async () => {
    await jobs.close()
    await api.close()
  })

  /** Every test leaves the cluster without a release; definitions may stay. */
  async function helm(...args: readonly string[]): Promise<string> {
    return await run('helm', [...args, '--namespace', namespace], { kubeconfig, home: api.folder })
  }

  async function get<T>(path: string): Promise<T | undefined> {
    try {
      return await client.send<T>({ method: 'GET', path })
    } catch (thrown) {
      if (isStatus(thrown, 404)) return undefined
      throw thrown
    }
  }

  const custom = (plural: string, name: string): string =>
    `/apis/idgen.io/v1alpha1/namespaces/${namespace}/${plural}/${name}`
  const operator = (): Promise<object | undefined> =>
    get(`/apis/apps/v1/namespaces/${namespace}/deployments/idgen-operator`)

  async function columns(): Promise<readonly string[]> {
    const definition = await get<Definition>(`${DEFINITIONS}/idgenerators.idgen.io`)
    return definition?.spec.versions[0]?.additionalPrinterColumns.map(({ name }) => name) ?? []
  }

  test('is installed and taken away, and leaves the definitions and what people made with them', async () => {
    const said = await helm('install', 'idgen', CHART)
    assert.match(said, /kubectl .* rollout status deployment\/idgen-operator/)
    assert.ok(await operator())
    await until('the definition is served', async () => (await get('/apis/idgen.io/v1alpha1')) !== undefined)
    const body = {
      apiVersion: 'idgen.io/v1alpha1',
      kind: 'IdGenerator',
      metadata: { name: 'made-by-hand' },
      spec: { database: { secret: { name: 'db' } } },
    }
    await client.send({ method: 'POST', path: custom('idgenerators', ''), body })
    await helm('uninstall', 'idgen')
    assert.equal(await operator(), undefined)
    assert.ok(await get(custom('idgenerators', 'made-by-hand')))
  })

  test('is installed again over the definitions that were kept', async () => {
    assert.ok((await columns()).includes('Share'))
    await helm('install', 'idgen', CHART)
    assert.ok(await operator())
    await helm('uninstall', 'idgen')
  })

  test('takes over definitions that another release left, when told to', async () => {
    await assert.rejects(helm('install', 'other', CHART), /invalid ownership metadata/)
    await helm('install', 'other', CHART, '--take-ownership')
    await helm('uninstall', 'other')
    await helm('install', 'idgen', CHART, '--take-ownership')
    await helm('uninstall', 'idgen')
  })

  test('is upgraded from the previous version and rolled back, definitions and all', async () => {
    await helm('install', 'idgen', PREVIOUS)
    assert.equal((await columns()).includes('Share'), false)
    await helm('upgrade', 'idgen', CHART)
    assert.ok((await columns()).includes('Share'))
    assert.doesNotMatch(JSON.stringify(await operator()), /idgen-0\.0\.9/)
    await helm('rollback', 'idgen', '1')
    assert.equal((await columns()).includes('Share'), false)
    assert.match(JSON.stringify(await operator()), /idgen-0\.0\.9/)
    await helm('upgrade', 'idgen', CHART)
    assert.ok(await get(custom('idgenerators', 'made-by-hand')), 'which nothing of this touches')
    await helm('uninstall', 'idgen')
    assert.ok((await columns()).includes('Share'))
  })

  test('makes the first IdGenerator and its tags, changes them, and takes them away before the operator', async () => {
    await helm('install', 'idgen', CHART, '--values', GENERATOR_VALUES)
    assert.ok(await get(custom('idgenerators', 'orders')))
    assert.ok(await get(custom('biztags', 'order')))
    assert.ok(await get(custom('biztags', 'invoice')))

    await client.send({
      method: 'PATCH',
      path: custom('biztags', 'order'),
      contentType: 'application/merge-patch+json',
      body: { metadata: { finalizers: ['idgen.io/tag'] } },
    })
    const one = '[{"name":"order","spec":{"workspace":"shop","group":"sales","tag":"order"}}]'
    await helm('upgrade', 'idgen', CHART, '--values', GENERATOR_VALUES, '--set-json', `bizTags=${one}`)
    assert.equal(await get(custom('biztags', 'invoice')), undefined)
    await helm('rollback', 'idgen', '1')
    assert.ok(await get(custom('biztags', 'invoice')))

    const uninstalled = helm('uninstall', 'idgen')
    const deleting = async (): Promise<boolean> => {
      const tag = await get<{ metadata: { deletionTimestamp?: string } }>(custom('biztags', 'order'))
      return tag?.metadata.deletionTimestamp !== undefined
    }
    await until('the tag is being deleted', deleting)
    assert.ok(await operator(), 'which must let go of the tag')
    assert.ok(await get(custom('idgenerators', 'orders')))
    await client.send({
      method: 'PATCH',
      path: custom('biztags', 'order'),
      contentType: 'application/merge-patch+json',
      body: { metadata: { finalizers: null } },
    })
    await uninstalled
    assert.equal(await get(custom('idgenerators', 'orders')), undefined)
    assert.equal(await operator(), undefined)
    assert.ok(await get(custom('idgenerators', 'made-by-hand')), 'which is not of this release')
    assert.deepEqual(
      jobs.runs.map(({ name, failed }) => `${name}${failed ? ' failed' : ''}`),
      [...Array<string>(3).fill('idgen-generator-apply'), 'idgen-generator-delete'],
    )
  })

  test('fails with the reason when the first IdGenerator is not allowed', async () => {
    const values = ['--values', GENERATOR_VALUES, '--set', 'generator.spec.datacenter=9']
    await assert.rejects(helm('install', 'idgen', CHART, ...values), /idgen-generator-apply/)
    assert.match(jobs.runs.at(-1)?.output ?? '', /spec\.datacenter.*should be less than or equal to 7/)
    await helm('uninstall', 'idgen')
  })

  test('takes the definitions with it only when asked, with everything made with them', async () => {
    await helm('install', 'idgen', CHART, '--set', 'crds.keep=false')
    await helm('uninstall', 'idgen')
    await until('the definitions are gone', async () => (await columns()).length === 0)
  })
})
