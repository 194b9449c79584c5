import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import { GeneratorScene, QUICK } from '../../test/cluster/generator-scene.ts'
import { namesOf } from '../certificates/key-pair.ts'

type Spec = Parameters<GeneratorScene['apply']>[0]

const HELD_STEPS = [
  { weight: 34, hold: '1h', requireApproval: false },
  { weight: 100, hold: '0s', requireApproval: false },
]
/** No pod answers in the scene, so each judgement is an error. */
const JUDGED = { ...QUICK.analysis, enabled: true, interval: '5s', initialDelay: '0s', errorLimit: 2 }
const ISSUER = { name: 'ours', kind: 'Issuer', group: 'cert-manager.io' } as const
const BAD_IMAGE = { image: 'evil.example.com/idgen:v3' }

/** v1 is stable, v2 has one of three pods. */
async function midCanary(canary: Partial<typeof QUICK> = {}): Promise<{ scene: GeneratorScene; v2: Spec }> {
  const scene = new GeneratorScene()
  scene.images.allowedImages = ['idgen']
  scene.apply()
  await scene.startOperator()
  await scene.clock.advance(3000)
  const v2 = { image: 'idgen:v2', canary: { ...QUICK, steps: HELD_STEPS, ...canary } }
  scene.apply(v2)
  await scene.clock.advance(3000)
  assert.deepEqual(scene.sizes(), ['idgen:v1 2', 'idgen:v2 1'])
  return { scene, v2 }
}

function tlsOf(scene: GeneratorScene): Record<string, string> {
  const data = scene.of('Secret').find(({ metadata }) => metadata.name === 'orders-tls')?.['data']
  return data as Record<string, string>
}

function certificateOf(scene: GeneratorScene): X509Certificate {
  return new X509Certificate(Buffer.from(tlsOf(scene)['tls.crt'] ?? '', 'base64'))
}

describe('while the spec must not be carried out', () => {
  test('what runs is scaled and made again, and nothing of the refused image is there', async () => {
    const { scene, v2 } = await midCanary()
    scene.apply({ ...v2, ...BAD_IMAGE, replicas: 6 })
    scene.cluster.remove('/api/v1/namespaces/shop/services/orders')
    await scene.clock.advance(60_000)
    assert.deepEqual(scene.sizes(), ['idgen:v1 4', 'idgen:v2 2'])
    assert.equal(scene.told('Stalled'), 'True ImageNotAllowed')
    assert.equal(scene.told('Ready'), 'False ImageNotAllowed')
    assert.ok(scene.of('Service').some(({ metadata }) => metadata.name === 'orders'))
    const made = [...scene.cluster.objects.values()].filter(({ kind }) => kind !== 'IdGenerator')
    assert.doesNotMatch(JSON.stringify(made), /evil/)
    await scene.killOperator()
  })

  test('a canary is judged and rolled back', async () => {
    const { scene, v2 } = await midCanary({ analysis: JUDGED })
    scene.apply({ ...v2, ...BAD_IMAGE })
    await scene.clock.advance(120_000)
    assert.equal(scene.generator().status?.rollout?.state, 'RolledBack')
    assert.deepEqual(scene.sizes(), ['idgen:v1 3', 'idgen:v2 0'])
    assert.equal(scene.told('Stalled'), 'True ImageNotAllowed')
    await scene.killOperator()
  })

  test('it is judged as well by a plan of which not all can be read', async () => {
    const { scene, v2 } = await midCanary({ analysis: JUDGED })
    const analysis = { ...JUDGED, interval: '9000h', metrics: [{ name: 'errorRate', max: '1 %' }] }
    scene.apply({ ...v2, canary: { ...QUICK, steps: HELD_STEPS, analysis, progressDeadline: 'soon' } })
    await scene.clock.advance(300_000)
    assert.equal(scene.told('Stalled'), 'True SpecInvalid')
    assert.equal(scene.generator().status?.rollout?.state, 'RolledBack')
    await scene.killOperator()
  })

  test('a canary does not go on, and does when the spec is sound again', async () => {
    const { scene, v2 } = await midCanary()
    scene.apply({ ...v2, ...BAD_IMAGE })
    await scene.clock.advance(2 * 3_600_000)
    assert.deepEqual(scene.sizes(), ['idgen:v1 2', 'idgen:v2 1'])
    scene.apply(v2)
    await scene.clock.advance(30_000)
    assert.deepEqual(scene.sizes(), ['idgen:v1 0', 'idgen:v2 3'])
    assert.equal(scene.told('Ready'), 'True Ready')
    await scene.killOperator()
  })

  test('an IdGenerator that never ran gets nothing', async () => {
    const scene = new GeneratorScene()
    scene.images.allowedImages = ['idgen']
    scene.apply(BAD_IMAGE)
    await scene.startOperator()
    await scene.clock.advance(120_000)
    assert.equal(scene.told('Stalled'), 'True ImageNotAllowed')
    assert.deepEqual(scene.sizes(), [])
    assert.equal(scene.of('Secret').length, 1)
    await scene.killOperator()
  })

  const named = { mode: 'Optional', dnsNames: ['ids.example.com'] } as const
  for (const [what, spec] of [
    ['suspended', { tls: named, suspend: true }],
    ['its image is not allowed', { tls: named, ...BAD_IMAGE }],
    ['a name can stand in no certificate', { tls: { ...named, dnsNames: ['ids_example'] } }],
  ] as const)
    test(`the certificate is renewed with its names: ${what}`, async () => {
      const scene = new GeneratorScene()
      scene.images.allowedImages = ['idgen']
      scene.apply({ tls: named })
      await scene.startOperator()
      await scene.clock.advance(3000)
      const before = certificateOf(scene)
      await scene.killOperator()
      scene.apply({ replicas: 4, ...spec })
      await scene.clock.advance(65 * 24 * 3_600_000)
      await scene.startOperator()
      await scene.clock.advance(5000)
      const after = certificateOf(scene)
      assert.notEqual(after.fingerprint256, before.fingerprint256)
      assert.deepEqual(namesOf(after).toSorted(), namesOf(before).toSorted())
      assert.ok(namesOf(after).includes('ids.example.com'))
      const told = Date.parse(scene.generator().status?.certificateNotAfter ?? '')
      assert.equal(told, after.validToDate.getTime())
      assert.deepEqual(scene.sizes(), [what === 'suspended' ? 'idgen:v1 3' : 'idgen:v1 4'])
      await scene.killOperator()
    })

  const theirs = { mode: 'Optional', secretName: 'theirs', dnsNames: ['new.example.com'] } as const
  for (const [what, spec] of [
    ['its image is not allowed', { tls: theirs, ...BAD_IMAGE }],
    ['suspended', { tls: theirs, suspend: true }],
    ['that Secret is not there', { tls: theirs }],
    ['a canary with it is held', { tls: theirs, canary: { ...QUICK, steps: HELD_STEPS } }],
    ['cert-manager is not there', { tls: { mode: 'Optional', issuerRef: ISSUER } }],
  ] as const)
    test(`the own certificate is renewed while pods rest on it, although the spec names another: ${what}`, async () => {
      const scene = new GeneratorScene()
      scene.images.allowedImages = ['idgen']
      scene.apply({ tls: named })
      await scene.startOperator()
      await scene.clock.advance(3000)
      const before = certificateOf(scene)
      if (what.startsWith('a canary')) scene.secret('theirs', tlsOf(scene))
      scene.apply(spec)
      await scene.clock.advance(5000)
      await scene.killOperator()
      await scene.clock.advance(65 * 24 * 3_600_000)
      await scene.startOperator()
      await scene.clock.advance(5000)
      const after = certificateOf(scene)
      assert.notEqual(after.fingerprint256, before.fingerprint256)
      assert.deepEqual(namesOf(after).toSorted(), namesOf(before).toSorted())
      assert.equal(scene.of('Deployment').length, what.startsWith('a canary') ? 2 : 1)
      const told = Date.parse(scene.generator().status?.certificateNotAfter ?? '')
      // Of two that are in use the one that ends first: here that of people, which is as old as ours was.
      assert.equal(told, (what.startsWith('a canary') ? before : after).validToDate.getTime())
      await scene.killOperator()
    })

  test('nobody renews the own certificate once no revision has pods with it', async () => {
    const scene = new GeneratorScene()
    scene.apply()
    await scene.startOperator()
    await scene.clock.advance(3000)
    const before = certificateOf(scene)
    scene.secret('theirs', tlsOf(scene))
    scene.apply({ tls: { mode: 'Optional', secretName: 'theirs' }, revisionHistoryLimit: 0 })
    await scene.clock.advance(120_000)
    assert.equal(scene.of('Deployment').length, 1)
    await scene.killOperator()
    await scene.clock.advance(65 * 24 * 3_600_000)
    await scene.startOperator()
    await scene.clock.advance(5000)
    assert.equal(certificateOf(scene).fingerprint256, before.fingerprint256)
    await scene.killOperator()
  })
})
