import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_SPEC, sampleGenerator } from '../render/sample-installations.ts'
import { specObstacle } from './spec-obstacle.ts'

const RULES = { image: 'idgen:v1', allowedImages: ['idgen'] }

describe('what stands against a spec', () => {
  test('nothing does when it is sound', () => {
    assert.equal(specObstacle(sampleGenerator(), RULES), undefined)
  })

  test('an image that is missing, or not allowed, is named with what to do', () => {
    const missing = specObstacle(sampleGenerator(), { ...RULES, image: undefined })
    assert.deepEqual(
      [missing?.reason, /spec.image is missing/.test(missing?.message ?? '')],
      ['SpecInvalid', true],
    )
    const refused = specObstacle(sampleGenerator({ image: 'other:v1' }), RULES)
    assert.equal(refused?.reason, 'ImageNotAllowed')
    assert.match(refused?.message ?? '', /"other:v1".*\(idgen\)/)
  })

  test("the operator's own image must be on the list as well", () => {
    assert.equal(specObstacle(sampleGenerator(), { ...RULES, image: 'x' })?.reason, 'ImageNotAllowed')
  })

  test('all that cannot be read is told at once', () => {
    const canary = { ...DEFAULT_SPEC.canary, progressDeadline: 'soon' }
    const tls = { mode: 'Optional', dnsNames: ['not a name'] } as const
    const allowed = [{ name: 'a', certificate: 'CN:a\u00a0audit', scopes: ['issue'] as const }]
    const clients = { authoritySecret: { name: 'a', key: 'ca.crt' }, allowed }
    const obstacle = specObstacle(sampleGenerator({ canary, tls, auth: { clients } }), RULES)
    assert.equal(obstacle?.reason, 'SpecInvalid')
    assert.match(
      obstacle?.message ?? '',
      /progressDeadline.*soon.*dnsNames.*not a name.*auth.clients: "CN:a\u00a0audit"/,
    )
  })

  test('what is suspended is not judged', () => {
    assert.equal(specObstacle(sampleGenerator({ suspend: true, image: 'x' }), RULES)?.reason, 'Suspended')
  })
})
