import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { revisionInputs } from './revision.ts'
import { SAMPLES, sampleGenerator } from './sample-installations.ts'
import { secretFacts, wantedSecrets } from './secret-facts.ts'

const minimal = revisionInputs(sampleGenerator(), { image: 'registry.example/idgen' })
const full = revisionInputs(SAMPLES['full']?.().generator ?? sampleGenerator(), { image: 'x' })
const text = 'dGV4dA=='
const certificate = { 'tls.crt': text, 'tls.key': text }

const everything = new Map<string, Readonly<Record<string, string>>>([
  ['orders-database', { url: text }],
  ['orders-etcd', { username: text, password: text }],
  ['orders-etcd-tls', { 'ca.crt': text, ...certificate }],
  ['orders-redis', { endpoints: text }],
  ['orders-certificate', certificate],
  ['orders-key', { key: text }],
])

const changed = (secret: string, key: string) =>
  new Map(everything).set(secret, { ...everything.get(secret), [key]: 'b3RoZXI=' })

describe('the Secrets of a revision', () => {
  test('are named, with those that the operator makes', () => {
    assert.deepEqual(
      wantedSecrets(minimal).map(({ name, keys }) => [name, ...keys]),
      [
        ['orders-database', 'url'],
        ['orders-tls', 'tls.crt', 'tls.key'],
        ['orders-admin', 'admin-key'],
      ],
    )
    assert.deepEqual(
      wantedSecrets(full).map(({ name }) => name),
      [...everything.keys()],
    )
  })

  test('are complete when all of their keys are there', () => {
    assert.deepEqual(secretFacts(full, everything).missing, [])
  })

  test('are told of authorities: those of stores are read at a start, those of clients while pods run', () => {
    const generator = SAMPLES['client-certificates']?.().generator ?? sampleGenerator()
    const inputs = revisionInputs(generator, { image: 'x' })
    const own = new Map([
      ...everything,
      ['orders-database-tls', { 'ca.crt': text }],
      ['orders-redis-tls', { 'ca.crt': text }],
      ['orders-clients', { 'ca.crt': text }],
      ['orders-tls', certificate],
      ['orders-admin', { 'admin-key': text }],
    ])
    const { checksum, missing } = secretFacts(inputs, own)
    assert.deepEqual(missing, [])
    const other = { 'ca.crt': 'b3RoZXI=' }
    for (const store of ['orders-database-tls', 'orders-redis-tls'])
      assert.notEqual(secretFacts(inputs, new Map(own).set(store, other)).checksum, checksum, store)
    assert.equal(secretFacts(inputs, new Map(own).set('orders-clients', other)).checksum, checksum)
    assert.deepEqual(secretFacts(inputs, new Map(own).set('orders-clients', {})).missing, [
      'Secret "orders-clients" for certificates of clients lacks "ca.crt"; it is empty.',
    ])
  })

  test('that are missing, or lack a key, are told with what is there instead', () => {
    const contents = new Map(everything).set('orders-database', { uri: text, note: '' })
    contents.delete('orders-redis')
    contents.set('orders-key', {})
    assert.deepEqual(secretFacts(full, contents).missing, [
      'Secret "orders-database" for the database lacks "url"; it has "note", "uri".',
      'Secret "orders-redis" for Redis does not exist.',
      'Secret "orders-key" for the admin key lacks "key"; it is empty.',
    ])
  })

  test('change the checksum when pods read them at their start only', () => {
    const before = secretFacts(full, everything).checksum
    for (const [secret, key] of [
      ['orders-database', 'url'],
      ['orders-etcd', 'password'],
      ['orders-etcd-tls', 'tls.key'],
      ['orders-redis', 'endpoints'],
    ] as const)
      assert.notEqual(secretFacts(full, changed(secret, key)).checksum, before, secret)
    for (const [secret, key] of [
      ['orders-certificate', 'tls.crt'],
      ['orders-key', 'key'],
      ['orders-database', 'of another program'],
    ] as const)
      assert.equal(secretFacts(full, changed(secret, key)).checksum, before, secret)
  })

  test('have the same checksum from every version of the operator', () => {
    const then =
      'with another one, an upgrade of the operator restarts all pods of every installation at once'
    assert.equal(secretFacts(minimal, everything).checksum.slice(0, 16), '6cac9f47149f795e', then)
    assert.equal(secretFacts(full, everything).checksum.slice(0, 16), '0cd09ae90674f4d0', then)
  })

  test('hold a client certificate for etcd only with its key', () => {
    assert.equal(secretFacts(full, everything).etcdClientCertificate, true)
    const half = new Map(everything).set('orders-etcd-tls', { 'ca.crt': text, 'tls.crt': text })
    assert.equal(secretFacts(full, half).etcdClientCertificate, false)
    assert.equal(secretFacts(minimal, everything).etcdClientCertificate, false)
  })
})
