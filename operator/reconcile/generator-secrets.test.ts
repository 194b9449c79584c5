import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemoryCluster } from '../../test/cluster/memory-cluster.ts'
import { encoded } from '../certificates/secret-data.ts'
import { sampleGenerator } from '../render/sample-installations.ts'
import { Applier } from '../runtime/apply.ts'
import { ManualClock } from '../runtime/manual-clock.ts'
import { newKeyText } from './admin-key.ts'
import { generatorSecrets, type SecretsFound } from './generator-secrets.ts'
import { SecretReader } from './secret-reader.ts'
import { SecretStore } from './secret-store.ts'

type Spec = Parameters<typeof sampleGenerator>[0]

/** The IdGenerator is shop/orders; no cache knows anything. */
function world() {
  const clock = new ManualClock()
  const cluster = new MemoryCluster(clock)
  const store = new SecretStore({
    client: cluster,
    applier: new Applier({ client: cluster, fieldManager: 'us' }),
    fieldManager: 'us',
    reader: new SecretReader(cluster, clock),
    cached: () => undefined,
  })
  const look = async (spec: Spec = {}, names: string[] = []): Promise<SecretsFound> =>
    await generatorSecrets(
      store,
      sampleGenerator(spec),
      { names, known: new Map(), nowMs: clock.nowMs() },
      new AbortController().signal,
    )
  const put = (name: string, data: Readonly<Record<string, string>>): void => {
    const metadata = { name, namespace: 'shop' }
    cluster.put(`/api/v1/namespaces/shop/secrets/${name}`, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      data,
    })
  }
  return { clock, cluster, look, put }
}

describe('secrets of an IdGenerator', () => {
  test('an admin key, an authority and a certificate are made once', async () => {
    const { cluster, look } = world()
    const first = await look()
    assert.deepEqual(
      first.events.map(({ reason }) => reason),
      ['AdminKeyMade', 'AuthorityMade', 'CertificateMade'],
    )
    assert.match(first.caCertificate ?? '', /BEGIN CERTIFICATE/)
    assert.ok(first.contents.get('orders-tls')?.['tls.key'])
    assert.equal(cluster.writes.length, 3)
    const second = await look()
    assert.deepEqual([second.events, second.contents, cluster.writes.length], [[], first.contents, 3])
  })

  test('those that an earlier IdGenerator of the name left behind are owned by the new one', async () => {
    const { clock, cluster, look } = world()
    await look()
    const own = [...cluster.objects].filter(([path]) => path.includes('/secrets/'))
    const references = (): unknown[] =>
      own.map(([path]) => cluster.objects.get(path)?.metadata['ownerReferences'])
    const before = references()
    for (const [path, secret] of own) {
      const [owner] = secret.metadata['ownerReferences'] as [object]
      cluster.put(path, {
        ...secret,
        metadata: { ...secret.metadata, ownerReferences: [{ ...owner, uid: 'earlier' }] },
      })
    }
    cluster.writes.length = 0
    // What was read is kept for a while.
    await clock.advance(120_000)
    await look()
    assert.deepEqual(references(), before)
    assert.equal(cluster.writes.length, 3)
    await look()
    assert.equal(cluster.writes.length, 3)
  })

  test('a key has the form that the service wants, and never comes twice', () => {
    const keys = new Set(Array.from({ length: 100 }, newKeyText))
    assert.equal(keys.size, 100)
    for (const key of keys) assert.match(key, /^idg_[a-z0-9]{12}_[A-Za-z0-9]{43}$/)
  })

  test('an admin key that is there is taken as it is', async () => {
    const { cluster, look, put } = world()
    put('orders-admin', encoded({ 'admin-key': 'mine' }))
    const found = await look()
    assert.deepEqual(found.contents.get('orders-admin'), encoded({ 'admin-key': 'mine' }))
    assert.ok(!cluster.writes.some((write) => write.includes('admin')))
  })

  test('one that people name is never made', async () => {
    const { cluster, look } = world()
    const found = await look({ auth: { adminKeySecret: { name: 'theirs', key: 'k' } } })
    assert.equal(found.contents.get('theirs'), undefined)
    assert.ok(!cluster.writes.some((write) => write.includes('theirs')))
  })

  test('a certificate that people bring is read, and said of when it ended or is none', async () => {
    const { clock, look, put } = world()
    const own = await look()
    put('theirs', own.contents.get('orders-tls') ?? {})
    const tls = { mode: 'Optional', secretName: 'theirs' } as const
    const found = await look({ tls })
    assert.deepEqual([found.problems, found.certificateNotAfterMs], [[], own.certificateNotAfterMs])
    await clock.advance(200 * 24 * 3_600_000)
    assert.match((await look({ tls })).problems.join(), /Secret theirs has ended/)
    put('theirs', encoded({ 'tls.crt': 'x', 'tls.key': 'y' }))
    await clock.advance(20_000)
    assert.match((await look({ tls })).problems.join(), /theirs is no certificate/)
  })

  for (const name of ['orders-tls', 'orders-ca'])
    test(`a Secret that happens to be called ${name} is not overwritten`, async () => {
      const { cluster, look, put } = world()
      put(name, encoded({ 'tls.crt': 'theirs' }))
      const found = await look()
      assert.match(found.problems.join(), new RegExp(`${name} is there and not the operator's`))
      assert.ok(!cluster.writes.some((write) => /-(tls|ca)$/.test(write)))
    })

  test('a certificate is renewed before it ends, and signed anew when its names change', async () => {
    const { clock, cluster, look } = world()
    const first = await look()
    await clock.advance(61 * 24 * 3_600_000)
    const renewed = await look()
    assert.deepEqual(
      renewed.events.map(({ reason }) => reason),
      ['CertificateMade'],
    )
    assert.ok((renewed.certificateNotAfterMs ?? 0) > (first.certificateNotAfterMs ?? 0))
    assert.equal(renewed.caCertificate, first.caCertificate)
    const writes = cluster.writes.length
    await look({ tls: { mode: 'Optional', dnsNames: ['ids.example.com'] } })
    assert.equal(cluster.writes.length, writes + 1)
  })

  test('an authority is changed only as it was read, and what it no longer holds goes', async () => {
    const { clock, cluster, look } = world()
    await look()
    const path = '/api/v1/namespaces/shop/secrets/orders-ca'
    const made = cluster.objects.get(path)
    const years = (count: number): Promise<void> => clock.advance(count * 365 * 24 * 3_600_000)
    // A year before its end another one is prepared, and later signs.
    await years(9)
    let conflicts = 0
    cluster.hook = (when, { method, path: written }) => {
      if (when === 'before' && method === 'PATCH' && written === path && conflicts === 0) {
        conflicts += 1
        cluster.put(path, { ...made, data: { ...(made?.['data'] as object), 'other.crt': 'eA==' } })
      }
    }
    for (let day = 0; day < 400 && conflicts === 0; day += 1) {
      await look().catch((thrown: unknown) => assert.match(String(thrown), /409/))
      await clock.advance(24 * 3_600_000)
    }
    assert.equal(conflicts, 1)
    await look()
    const data = cluster.objects.get(path)?.['data'] as Record<string, string>
    assert.equal(data['other.crt'], undefined)
    assert.notDeepEqual(data, made?.['data'])
  })

  test('what people bring is read again after some seconds', async () => {
    const { clock, look, put } = world()
    assert.equal((await look({}, ['db'])).contents.has('db'), false)
    put('db', encoded({ url: 'a' }))
    assert.equal((await look({}, ['db'])).contents.has('db'), false, 'just asked for')
    await clock.advance(10_000)
    assert.equal((await look({}, ['db'])).contents.has('db'), true)
  })

  test('a write whose answer was lost is met again, and nothing is made twice', async () => {
    const { cluster, look } = world()
    cluster.hook = (when, { method }) => {
      if (when === 'after' && method !== 'GET') throw new Error('the answer was lost')
    }
    // Each look comes one write further.
    for (let write = 1; write <= 3; write += 1) {
      await assert.rejects(look(), /the answer was lost|made by somebody else/)
      assert.equal(cluster.writes.length, write)
    }
    const key = cluster.objects.get('/api/v1/namespaces/shop/secrets/orders-admin')?.['data']
    cluster.hook = () => {}
    const found = await look()
    assert.deepEqual(found.contents.get('orders-admin'), key)
    assert.equal(cluster.writes.length, 3)
  })
})
