import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GrpcApi } from '../../test/fixtures/grpc-api.ts'
import { IdServiceService, KeyServiceService as Keys } from '../../test/fixtures/grpc-stubs.ts'
import { type CreateKeyRequest, Scope, SecretToEnd } from './generated/idgen/v1/key_service.ts'

test('a key is shown whole once, works, and ends when it is revoked', async (t) => {
  const api = await GrpcApi.withTags(t)
  const { key, text } = await api.call(Keys.createKey, draft({ scopes: [Scope.ISSUE, Scope.ISSUE] }))
  assert.match(text, new RegExp(`^idg_${key?.id}_[A-Za-z0-9]{43}$`))
  assert.deepEqual(key?.scopes, [Scope.ISSUE])
  const request = { tag: 'acme/shop/segment' }
  await api.call(IdServiceService.generate, request, { key: text })
  const read = await api.call(Keys.getKey, { id: key.id })
  assert.deepEqual(read.key, key)
  const revoked = await api.call(Keys.revokeKey, { id: key.id })
  assert.ok(revoked.key?.revokedAt instanceof Date)
  assert.deepEqual(await api.call(Keys.revokeKey, { id: key.id }), revoked, 'again does no harm')
  await api.refuses('IDGEN_UNAUTHENTICATED', IdServiceService.generate, request, { key: text })
  await api.refuses('IDGEN_KEY_NOT_FOUND', Keys.getKey, { id: 'aaaaaaaaaaaa' })
})

test('lists never hold a secret or a hash', async (t) => {
  const api = await GrpcApi.start(t)
  const { text } = await api.call(Keys.createKey, draft({ name: 'listed' }))
  const { keys } = await api.call(Keys.listKeys, { pageSize: 0, pageToken: '' })
  assert.ok(keys.some(({ name }) => name === 'listed'))
  assert.ok(!JSON.stringify(keys).includes(text.split('_')[2] ?? text))
  assert.deepEqual(Object.keys(keys[0] ?? {}).sort(), [
    'createdAt',
    'expiresAt',
    'id',
    'lastUsedAt',
    'name',
    'previousValidUntil',
    'revokedAt',
    'scopes',
    'within',
  ])
})

test('what a key may not have is told field by field', async (t) => {
  const api = await GrpcApi.start(t)
  const past = new Date(api.memory.clock.nowMs() - 1)
  for (const [request, fields] of [
    [draft({ name: ' ' }), ['name']],
    [draft({ scopes: [] }), ['scopes']],
    [draft({ scopes: [Scope.UNSPECIFIED] }), ['scopes']],
    [draft({ scopes: [77 as Scope] }), ['scopes']],
    [draft({ expiresAt: past }), ['expires_at']],
  ] as const)
    assert.deepEqual((await api.refuses('IDGEN_REQUEST_INVALID', Keys.createKey, request)).fields, fields)
})

test('a limited key manages only keys of its part, and without the scope none', async (t) => {
  const api = await GrpcApi.start(t)
  const limited = await api.key(['manage'], 'acme')
  const issuer = await api.key(['issue'])
  await api.refuses('IDGEN_FORBIDDEN', Keys.createKey, draft({ within: '' }), { key: limited })
  await api.refuses('IDGEN_FORBIDDEN', Keys.createKey, draft({ within: 'other' }), { key: limited })
  const { key } = await api.call(Keys.createKey, draft({ within: 'acme/shop' }), { key: limited })
  const id = key?.id ?? ''
  assert.equal((await api.call(Keys.getKey, { id }, { key: limited })).key?.id, id)
  await api.refuses('IDGEN_FORBIDDEN', Keys.revokeKey, { id: issuer.split('_')[1] ?? '' }, { key: limited })
  const { keys } = await api.call(Keys.listKeys, { pageSize: 0, pageToken: '' }, { key: limited })
  assert.deepEqual(new Set(keys.map(({ within }) => within)), new Set(['acme', 'acme/shop']))
  await api.refuses('IDGEN_FORBIDDEN', Keys.listKeys, { pageSize: 0, pageToken: '' }, { key: issuer })
  // Before the look-up: nobody without the scope learns which ids exist.
  await api.refuses('IDGEN_FORBIDDEN', Keys.getKey, { id: 'aaaaaaaaaaaa' }, { key: issuer })
  await api.refuses('IDGEN_FORBIDDEN', Keys.getKey, { id }, { key: issuer })
})

test('a key is rotated without a gap, by who may do what it may', async (t) => {
  const api = await GrpcApi.withTags(t)
  const { key, text } = await api.call(Keys.createKey, draft({}))
  const id = key?.id ?? ''
  const request = { tag: 'acme/shop/segment' }
  const rotated = await api.call(Keys.rotateKey, { id, ends: SecretToEnd.UNSPECIFIED })
  assert.deepEqual(rotated.key?.previousValidUntil, new Date(api.memory.clock.nowMs() + 86_400_000))
  for (const secret of [text, rotated.text])
    await api.call(IdServiceService.generate, request, { key: secret })
  await api.refuses('IDGEN_KEY_ROTATING', Keys.rotateKey, { id, ends: SecretToEnd.UNSPECIFIED })
  await api.refuses('IDGEN_REQUEST_INVALID', Keys.rotateKey, { id, ends: 7 as SecretToEnd })
  const lost = await api.call(Keys.rotateKey, { id, ends: SecretToEnd.NEWEST })
  await api.refuses('IDGEN_UNAUTHENTICATED', IdServiceService.generate, request, { key: rotated.text })
  for (const secret of [text, lost.text]) await api.call(IdServiceService.generate, request, { key: secret })
  const again = await api.call(Keys.rotateKey, { id, keepPreviousSeconds: 0, ends: SecretToEnd.OLDEST })
  for (const secret of [text, lost.text])
    await api.refuses('IDGEN_UNAUTHENTICATED', IdServiceService.generate, request, { key: secret })
  await api.call(IdServiceService.generate, request, { key: again.text })
  const { fields } = await api.refuses('IDGEN_REQUEST_INVALID', Keys.rotateKey, {
    id,
    keepPreviousSeconds: 7_776_001,
    ends: SecretToEnd.UNSPECIFIED,
  })
  assert.deepEqual(fields, ['keep_previous_seconds'])
  const manager = await api.key(['manage'])
  const auditor = await api.key(['audit'])
  await api.refuses(
    'IDGEN_FORBIDDEN',
    Keys.rotateKey,
    { id: auditor.split('_')[1] ?? '', ends: SecretToEnd.UNSPECIFIED },
    { key: manager },
  )
  await api.refuses(
    'IDGEN_FORBIDDEN',
    Keys.rotateKey,
    { id, ends: SecretToEnd.UNSPECIFIED },
    { key: again.text },
  )
})

function draft(fields: Partial<CreateKeyRequest>): CreateKeyRequest {
  return { name: 'test', scopes: [Scope.ISSUE], within: '', expiresAt: undefined, ...fields }
}
