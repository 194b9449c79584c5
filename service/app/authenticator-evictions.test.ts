import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import type { ApiKey, ApiKeyStore } from '../ports/api-key-store.ts'
import { Authenticator, keyIdOf, sha256 } from './authenticator.ts'

const textOf = (number: number): string => `idg_${String(number).padStart(12, '0')}_${'s'.repeat(43)}`

const KEY: Omit<ApiKey, 'id' | 'hash'> = {
  name: 'k',
  scopes: ['issue'],
  within: '',
  createdAt: new Date(0),
  expiresAt: undefined,
  revokedAt: undefined,
}

/** Remembers three keys. Every key of this form is right; `asked`: those that were looked up. */
function smallCache(): { readonly authenticator: Authenticator; readonly asked: string[] } {
  const asked: string[] = []
  const find = async (id: string): Promise<ApiKey> => {
    asked.push(id)
    return { ...KEY, id, hash: sha256(textOf(Number(id))) }
  }
  const authenticator = new Authenticator({
    keys: { find } as unknown as ApiKeyStore,
    clock: new MemoryClock(),
    enabled: true,
    adminKey: undefined,
    cacheMaxEntries: 3,
    cacheTtlMs: 10_000,
    graceMs: 0,
  })
  return { authenticator, asked }
}

test('a key that is in use outlives a flood of keys that are used once, and the cache stays bounded', async () => {
  const { authenticator, asked } = smallCache()
  const [busy, idle] = [textOf(1), textOf(2)]
  await authenticator.authenticate(busy)
  await authenticator.authenticate(idle)
  for (let i = 3; i < 13; i += 1) {
    assert.equal(authenticator.peek(busy)?.keyId, keyIdOf(busy), `before ${i}`)
    await authenticator.authenticate(textOf(i))
  }
  assert.equal(authenticator.peek(idle), undefined)
  // Nobody asks with it any more: it is passed over once, and goes.
  for (let i = 13; i < 19; i += 1) await authenticator.authenticate(textOf(i))
  assert.equal(authenticator.peek(busy), undefined)
  assert.equal(asked.length, 18)
})

test('a key that comes to a cache full of keys in use is remembered, and the oldest of them goes', async () => {
  const { authenticator } = smallCache()
  const isKnown = (number: number): boolean => authenticator.peek(textOf(number)) !== undefined
  for (const number of [1, 2, 3]) await authenticator.authenticate(textOf(number))
  assert.deepEqual([1, 2, 3].map(isKnown), [true, true, true])
  await authenticator.authenticate(textOf(4))
  assert.deepEqual([1, 2, 3, 4].map(isKnown), [false, true, true, true])
})
