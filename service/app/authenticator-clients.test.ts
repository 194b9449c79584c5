import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { MemoryApiKeyStore } from '../adapters/memory/memory-api-key-store.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { certificateText } from '../ports/certificate-text.ts'
import { Authenticator } from './authenticator.ts'

const MARK = 'client-certificate-0123 '
const BILLING = { name: 'billing', certificate: 'CN:billing', scopes: ['issue'], within: 'acme' } as const
const END_MS = 10_000_000

let clock: MemoryClock
let authenticator: Authenticator
beforeEach(() => {
  clock = new MemoryClock()
  authenticator = new Authenticator({
    keys: new MemoryApiKeyStore(new MemoryCatalog(clock)),
    clock,
    enabled: true,
    adminKey: 'the-admin-key',
    clients: [BILLING],
    certificateMark: MARK,
    cacheMaxEntries: 10,
    cacheTtlMs: 60_000,
    graceMs: 0,
  })
})

function shown(name: string, endMs = clock.nowMs() + END_MS, fault?: string): string {
  return certificateText(MARK, { names: ['DNS:x', name], endMs, fault })
}

test('a certificate that an entry names is a caller with the rights of that entry', async () => {
  const text = shown('CN:billing')
  const caller = { keyId: 'client:billing', scopes: ['issue'], within: 'acme' }
  assert.deepEqual(await authenticator.authenticate(text), caller)
  assert.deepEqual(authenticator.peek(text), caller, 'and is remembered as a key is')
})

test('a certificate is refused with the reason: nobody signed it, or nobody is known by it', async () => {
  await assert.rejects(
    authenticator.authenticate(shown('CN:billing', END_MS * 2, 'SELF_SIGNED')),
    /SELF_SIGNED/,
  )
  await assert.rejects(authenticator.authenticate(shown('CN:Billing')), /none of DNS:x, CN:Billing/)
  await assert.rejects(authenticator.authenticate(shown('CN:Billing')), /none of DNS:x, CN:Billing/, 'again')
})

test('a certificate counts until its end and not a moment longer, remembered or not', async () => {
  const text = shown('CN:billing', clock.nowMs() + 5000)
  const caller = await authenticator.authenticate(text)
  assert.equal(authenticator.introduction(text, caller).untilMs, clock.nowMs() + 5000)
  clock.advance(4999)
  assert.notEqual(authenticator.peek(text), undefined)
  clock.advance(1)
  assert.equal(authenticator.peek(text), undefined)
  await assert.rejects(authenticator.authenticate(text), /not accepted/)
})

test('who is taken out of the configuration is forgotten at once, by all who remember', async () => {
  const text = shown('CN:billing')
  await authenticator.authenticate(text)
  const told: (string | undefined)[] = []
  authenticator.follow((keyId) => told.push(keyId))
  authenticator.configure({ adminKey: 'the-admin-key', clients: [{ ...BILLING }] })
  assert.deepEqual(told, [], 'nothing changed')
  authenticator.configure({ adminKey: 'the-admin-key', clients: [] })
  assert.deepEqual(told, [undefined])
  await assert.rejects(authenticator.authenticate(text), /not accepted/)
})

test('the text of a certificate with another mark is a wrong key', async () => {
  const text = shown('CN:billing').replace('0123', '4567')
  await assert.rejects(authenticator.authenticate(text), /API key is not valid/)
})
