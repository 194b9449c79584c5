import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GeneratorScene, QUICK } from '../../test/cluster/generator-scene.ts'
import { testCertificate } from '../../test/cluster/test-certificate.ts'
import { decoded, encoded } from '../certificates/secret-data.ts'

const HELD_STEPS = [
  { weight: 34, hold: '1h', requireApproval: false },
  { weight: 100, hold: '0s', requireApproval: false },
]
const HELD = { canary: { ...QUICK, steps: HELD_STEPS } }
const CERTIFICATE = testCertificate('orders', 'shop')
const THEIRS = encoded({ 'tls.crt': CERTIFICATE.cert, 'tls.key': CERTIFICATE.key, 'ca.crt': CERTIFICATE.ca })
const MOVED = { ...HELD, tls: { mode: 'Optional', secretName: 'theirs' } } as const
const ISSUER = { name: 'company', kind: 'Issuer', group: 'cert-manager.io' } as const

/** What the operator's own authority is. */
function own(scene: GeneratorScene): string {
  return textOf(scene, 'Secret', 'orders-tls')['ca.crt'] ?? 'none'
}

/** What callers are given to trust. */
function trusted(scene: GeneratorScene): string | undefined {
  const map = scene.of('ConfigMap').find(({ metadata }) => metadata.name === 'orders-ca')
  return (map?.['data'] as Record<string, string> | undefined)?.['ca.crt']
}

function textOf(scene: GeneratorScene, kind: string, name: string): Readonly<Record<string, string>> {
  const found = scene.of(kind).find(({ metadata }) => metadata.name === name)
  return decoded(found?.['data'] as Record<string, string>)
}

async function settled(): Promise<GeneratorScene> {
  const scene = new GeneratorScene()
  scene.apply(HELD)
  await scene.startOperator()
  await scene.clock.advance(3000)
  assert.deepEqual(scene.sizes(), ['idgen:v1 3'])
  assert.equal(trusted(scene), own(scene))
  return scene
}

describe('while pods go from one certificate to another', () => {
  test('both authorities are trusted until no pod has the old one, and so on the way back', async () => {
    const scene = await settled()
    scene.secret('theirs', THEIRS)
    scene.apply(MOVED)
    await scene.clock.advance(5000)
    assert.deepEqual(scene.sizes(), ['idgen:v1 1', 'idgen:v1 2'])
    assert.equal(trusted(scene), CERTIFICATE.ca + own(scene))
    await scene.clock.advance(3_600_000)
    assert.deepEqual(scene.sizes(), ['idgen:v1 0', 'idgen:v1 3'])
    assert.equal(trusted(scene), CERTIFICATE.ca)
    scene.apply(HELD)
    await scene.clock.advance(5000)
    assert.equal(trusted(scene), own(scene) + CERTIFICATE.ca)
    await scene.clock.advance(2 * 3_600_000)
    assert.equal(trusted(scene), own(scene))
    assert.deepEqual(scene.authorityChanges, Array(5).fill('shop/orders'))
    await scene.killOperator()
  })

  test('the new authority is trusted before the first pod has its certificate', async () => {
    const scene = await settled()
    let trustedFirst = ''
    scene.cluster.hook = (when, { method, path }) => {
      if (when === 'after' && method === 'PATCH' && path.includes('/deployments/') && trustedFirst === '')
        trustedFirst = trusted(scene) ?? ''
    }
    scene.secret('theirs', THEIRS)
    scene.apply(MOVED)
    await scene.clock.advance(5000)
    assert.equal(trustedFirst, CERTIFICATE.ca + own(scene))
    await scene.killOperator()
  })

  test('it can be given out with no certificate yet, and then nothing moves', async () => {
    const scene = await settled()
    scene.secret('theirs', encoded({ 'ca.crt': CERTIFICATE.ca }))
    scene.apply(MOVED)
    await scene.clock.advance(60_000)
    assert.equal(trusted(scene), CERTIFICATE.ca + own(scene))
    assert.deepEqual(scene.sizes(), ['idgen:v1 3'])
    assert.equal(scene.told('CredentialsValid'), 'False SecretMissing')
    scene.secret('theirs', THEIRS)
    await scene.clock.advance(60_000)
    assert.deepEqual(scene.sizes(), ['idgen:v1 1', 'idgen:v1 2'])
    await scene.killOperator()
  })

  test('the old one stays trusted while the new Secret is not there', async () => {
    const scene = await settled()
    scene.apply(MOVED)
    await scene.clock.advance(60_000)
    assert.equal(trusted(scene), own(scene))
    await scene.killOperator()
  })

  test('the old one stays trusted where the record of the pods is lost', async () => {
    const scene = await settled()
    const [record] = scene.of('ControllerRevision')
    scene.cluster.remove(`/apis/apps/v1/namespaces/shop/controllerrevisions/${record?.metadata.name}`)
    scene.secret('theirs', THEIRS)
    scene.apply(MOVED)
    await scene.clock.advance(5000)
    assert.equal(trusted(scene), CERTIFICATE.ca + own(scene))
    await scene.killOperator()
  })

  test('a canary that is taken back leaves the old one', async () => {
    const scene = await settled()
    scene.secret('theirs', THEIRS)
    scene.apply(MOVED)
    await scene.clock.advance(5000)
    scene.apply(HELD)
    await scene.clock.advance(60_000)
    assert.equal(trusted(scene), own(scene))
    await scene.killOperator()
  })

  test("the operator's own is not overwritten by cert-manager's, which the canary goes to", async () => {
    const scene = await settled()
    scene.apply({ ...HELD, tls: { mode: 'Optional', issuerRef: ISSUER } })
    await scene.clock.advance(60_000)
    assert.deepEqual(scene.sizes(), ['idgen:v1 3'])
    scene.secret('orders-issued-tls', THEIRS)
    await scene.clock.advance(60_000)
    assert.deepEqual(scene.sizes(), ['idgen:v1 1', 'idgen:v1 2'])
    assert.equal(trusted(scene), CERTIFICATE.ca + own(scene))
    await scene.killOperator()
  })
})
