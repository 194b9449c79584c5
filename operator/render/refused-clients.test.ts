import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configNow, refusedRemarks } from './refused-clients.ts'
import { sampleGenerator, sampleRevision } from './sample-installations.ts'

const auth = (...certificates: readonly string[]) => ({
  auth: {
    clients: {
      authoritySecret: { name: 'clients', key: 'ca.crt' },
      allowed: certificates.map((certificate) => ({ name: 'c', certificate, scopes: ['issue'] as const })),
    },
  },
})

test('a certificate that pods could not read was never let in, and does not take the refusal of others with it', () => {
  const revision = sampleRevision(sampleGenerator(auth('CN:x', 'URI:a b')), 3)
  assert.match(configNow(sampleGenerator({ auth: {} }), revision), /^auth\.refusedClients: "CN:x"$/m)
})

test('refusals are told of while pods have to know them: also of a revision whose number is not decided', () => {
  const generator = sampleGenerator({ auth: {} })
  for (const [replicas, told] of [
    [3, 1],
    [undefined, 1],
    [0, 0],
  ] as const) {
    const revision = sampleRevision(sampleGenerator(auth('CN:x')), replicas)
    assert.equal(refusedRemarks(generator, [revision]).length, told)
  }
})
