import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { GeneratorScene, QUICK } from '../../test/cluster/generator-scene.ts'
import type { IdGenerator } from '../api/kinds.ts'

type Clients = NonNullable<IdGenerator['spec']['auth']['clients']>

const BILLING = {
  name: 'billing',
  certificate: 'URI:spiffe://example.org/billing',
  scopes: ['issue'],
} as const
const OPS = { name: 'ops', certificate: 'CN:ops.example', scopes: ['issue', 'manage'] } as const
/** A rollout that nobody sees the end of. */
const canary = {
  ...QUICK,
  steps: [{ weight: 34, hold: '24h', requireApproval: false }, ...QUICK.steps.slice(1)],
}

function clients(...allowed: Clients['allowed']) {
  return { canary, auth: { clients: { authoritySecret: { name: 'clients', key: 'ca.crt' }, allowed } } }
}

async function sceneWith(...allowed: Clients['allowed']): Promise<GeneratorScene> {
  const scene = new GeneratorScene()
  scene.secret('clients', { 'ca.crt': 'YXV0aG9yaXR5' })
  scene.apply(clients(...allowed))
  await scene.startOperator()
  await scene.clock.advance(3000)
  assert.equal(scene.told('Ready'), 'True Ready')
  return scene
}

/** Whom pods refuse, by revision, as their configuration files say it; undefined: the file says nothing. */
function refused(scene: GeneratorScene): unknown[] {
  return scene
    .of('ConfigMap')
    .map(({ data }) => data as Readonly<Record<string, string>>)
    .flatMap((data) => (data['idgen.yaml'] === undefined ? [] : [parse(data['idgen.yaml']) as object]))
    .map((settings) => (settings as Record<string, unknown>)['auth.refusedClients'])
    .sort((a, b) => String(a).localeCompare(String(b)))
}

describe('a client that is taken out of the spec', () => {
  test('is refused by the pods of before while the rollout only begins, and told of', async () => {
    const scene = await sceneWith(BILLING, OPS)
    const [stable] = scene.of('Deployment')
    assert.deepEqual(refused(scene), [undefined], 'an image from before the key still starts')
    scene.apply(clients(OPS))
    await scene.clock.advance(10_000)
    assert.equal(scene.of('Deployment').length, 2)
    assert.deepEqual(refused(scene), [BILLING.certificate, undefined].sort())
    assert.deepEqual(
      scene.generator().status?.revisions?.map(({ refusedClients }) => refusedClients),
      [undefined, ['billing']],
    )
    assert.equal(scene.events.filter((event) => event === 'Warning ClientRefused').length, 1)
    // What the pods are made of is as it was: none is replaced for it.
    const same = scene.of('Deployment').find(({ metadata }) => metadata.name === stable?.metadata.name)
    assert.deepEqual(same?.spec?.['template'], stable?.spec?.['template'])
    await scene.killOperator()
  })

  test('is refused as long as it is out, also by a new operator and where nobody may come any more', async () => {
    const scene = await sceneWith(BILLING, OPS)
    scene.apply({ canary, auth: {} })
    await scene.clock.advance(10_000)
    const all = `${BILLING.certificate}; ${OPS.certificate}`
    assert.deepEqual(refused(scene), [undefined, all].sort())
    await scene.killOperator()
    await scene.startOperator()
    await scene.clock.advance(120_000)
    assert.deepEqual(refused(scene), [undefined, all].sort())
    scene.apply(clients(BILLING, OPS))
    await scene.clock.advance(10_000)
    assert.ok(
      refused(scene).every((line) => line === undefined),
      'it may come again',
    )
    await scene.killOperator()
  })

  test('is told of no more once no pod is left that knew it, though the file still says so', async () => {
    const scene = await sceneWith(BILLING, OPS)
    scene.apply({ ...clients(OPS), canary: QUICK })
    await scene.clock.advance(60_000)
    const { revisions = [] } = scene.generator().status ?? {}
    assert.deepEqual(
      revisions.map(({ desired, refusedClients }) => [desired === 0, refusedClients]),
      [
        [false, undefined],
        [true, undefined],
      ],
    )
    assert.deepEqual(refused(scene), [BILLING.certificate, undefined])
    await scene.killOperator()
    const warnings = (): number => scene.events.filter((event) => event === 'Warning ClientRefused').length
    const before = warnings()
    assert.ok(before > 0)
    await scene.startOperator()
    await scene.clock.advance(120_000)
    assert.equal(warnings(), before)
    await scene.killOperator()
  })

  test('that comes with other rights under the same certificate is not refused', async () => {
    const scene = await sceneWith(BILLING)
    scene.apply(clients({ ...BILLING, name: 'renamed', scopes: ['issue', 'audit'] }))
    await scene.clock.advance(10_000)
    assert.equal(scene.of('Deployment').length, 2)
    assert.deepEqual(refused(scene), [undefined, undefined])
    await scene.killOperator()
  })
})
