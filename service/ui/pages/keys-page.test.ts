import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UiVisitor } from '../../../test/fixtures/ui-visitor.ts'

test('a key is made by the form, its secret is shown once, and it works', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  await visitor.see('/ui/keys')
  const made = await visitor.send('/ui/keys', { name: 'billing <b>', scope: 'issue', within: 'acme/shop' })
  assert.equal(made.status, 200)
  const secret = /idg_[a-z0-9]{12}_[A-Za-z0-9]{43}/.exec(made.text)?.[0] ?? ''
  const caller = await visitor.api.memory.useCases.authenticator.authenticate(secret)
  assert.deepEqual([caller.scopes, caller.within], [['issue'], 'acme/shop'])
  const list = await visitor.see('/ui/keys')
  assert.match(list, /billing &#60;b&#62;/)
  assert.ok(!list.includes(secret), 'no secret stands in the list')
})

test('what is wrong with a key is said above the form, which keeps what was typed', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  await visitor.see('/ui/keys')
  const refused = await visitor.send('/ui/keys', { name: 'mine', within: 'acme/shop' })
  assert.equal(refused.status, 400)
  assert.match(refused.text, /role="alert"[\s\S]*must name at least one of/)
  assert.match(refused.text, /value="mine"/)
  assert.match(await visitor.see('/ui/keys'), /name="scope" value="issue" checked/)
  assert.doesNotMatch(refused.text, /checked/, 'nothing was ticked, so nothing is')
})

test('another secret is given, and the key is revoked, by forms of its page', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  await visitor.see('/ui/keys')
  const made = await visitor.send('/ui/keys', { name: 'mine', scope: 'issue' })
  const [, id = ''] = /idg_([a-z0-9]{12})_/.exec(made.text) ?? []
  assert.match(await visitor.see(`/ui/keys/${id}`), /Give it another secret/)
  const rotated = await visitor.send(`/ui/keys/${id}/rotate`, { hours: '2' })
  assert.match(rotated.text, new RegExp(`idg_${id}_[A-Za-z0-9]{43}`))
  assert.equal((await visitor.send(`/ui/keys/${id}/revoke`, { sure: 'on' })).status, 303)
  const page = await visitor.see(`/ui/keys/${id}`)
  assert.match(page, /revoked/)
  assert.ok(!page.includes('Revoke for good'), 'nothing is left to change')
})

test('a key that is limited to a part sees and makes no key beyond it', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const { keys } = visitor.api.memory.useCases
  const actor = { actor: 'test', traceId: undefined }
  const draft = { name: 'limited', scopes: ['manage' as const], within: 'acme', expiresAt: undefined }
  const { text } = await keys.create(actor, draft)
  const { key: other } = await keys.create(actor, { ...draft, name: 'of another', within: 'bank' })
  await visitor.signIn(text)
  assert.ok(!(await visitor.see('/ui/keys')).includes('of another'))
  await visitor.see(`/ui/keys/${other.id}`, 403)
  assert.equal((await visitor.send('/ui/keys', { name: 'x', scope: 'issue', within: 'bank' })).status, 403)
  assert.equal((await visitor.send(`/ui/keys/${other.id}/revoke`, { sure: 'on' })).status, 403)
  assert.equal((await keys.find(other.id)).revokedAt, undefined)
})

test('nobody gains a scope by giving another key a new secret', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const { keys } = visitor.api.memory.useCases
  const actor = { actor: 'test', traceId: undefined }
  const draft = { name: 'of the auditors', scopes: ['audit' as const], within: '', expiresAt: undefined }
  const { key: audit } = await keys.create(actor, draft)
  const { text } = await keys.create(actor, { ...draft, name: 'manager', scopes: ['manage'] })
  await visitor.signIn(text)
  const refused = await visitor.send(`/ui/keys/${audit.id}/rotate`, { hours: '1' })
  assert.equal(refused.status, 403)
  assert.ok(!/idg_[a-z0-9]{12}_[A-Za-z0-9]{43}/.test(refused.text))
  assert.equal((await keys.find(audit.id)).previous, undefined)
})

test('an emptied field keeps the secret in use, and revoking needs the tick', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const { keys, authenticator } = visitor.api.memory.useCases
  const draft = { name: 'mine', scopes: ['issue' as const], within: '', expiresAt: undefined }
  const { key, text } = await keys.create({ actor: 'test', traceId: undefined }, draft)
  assert.equal((await visitor.send(`/ui/keys/${key.id}/rotate`, { hours: '' })).status, 200)
  assert.equal((await authenticator.authenticate(text)).keyId, key.id)
  assert.equal((await visitor.send(`/ui/keys/${key.id}/revoke`)).status, 303)
  assert.equal((await keys.find(key.id)).revokedAt, undefined)
})

test('a key without the right to manage does not learn which ids exist', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const { keys } = visitor.api.memory.useCases
  const draft = { name: 'auditor', scopes: ['audit' as const], within: '', expiresAt: undefined }
  const { key, text } = await keys.create({ actor: 'test', traceId: undefined }, draft)
  await visitor.signIn(text)
  for (const id of [key.id, 'aaaaaaaaaaaa']) await visitor.see(`/ui/keys/${id}`, 403)
})

test('keys that are over are shown by choice, the others are found by name, id and place, and each page leads back', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const { clock, useCases } = visitor.api.memory
  const actor = { actor: 'test', traceId: undefined }
  const make = async (name: string, more: { readonly within?: string; readonly expiresAt?: Date } = {}) => {
    const draft = { name, scopes: ['issue' as const], within: '', expiresAt: undefined, ...more }
    return (await useCases.keys.create(actor, draft)).key.id
  }
  const names = async (query: string): Promise<string[]> => {
    const page = await visitor.see(`/ui/keys${query}`)
    const found = [...page.matchAll(/<a class="link" href="\/ui\/keys\/[a-z0-9]{12}">([^<]*)<\/a>/g)]
    return found.map(([, name = '']) => name).sort()
  }
  const kept = await make('of Billing', { within: 'acme/billing' })
  await useCases.keys.revoke(actor, await make('was revoked', { within: 'acme/billing' }))
  await make('was for a minute', { expiresAt: new Date(clock.nowMs() + 60_000) })
  clock.step(60_000)
  const before = await names('')
  assert.ok(before.includes('of Billing'))
  assert.deepEqual(
    before.filter((name) => name.startsWith('was')),
    [],
  )
  const all = await names('?ended=yes')
  assert.deepEqual(
    all.filter((name) => name.startsWith('was')),
    ['was for a minute', 'was revoked'],
  )
  assert.deepEqual(await names('?q=billing'), ['of Billing'])
  assert.deepEqual(await names('?q=ACME%2F&ended=yes'), ['of Billing', 'was revoked'])
  assert.deepEqual(await names(`?q=${kept.slice(2)}`), ['of Billing'])
  assert.match(await visitor.see('/ui/keys?q=nobody'), /No valid key was found/)
  for (let i = 0; i < 60; i += 1) await make('one of many')
  const first = await visitor.see('/ui/keys?q=many&ended=yes')
  const next = /rel="next" href="([^"]+)"/.exec(first)?.[1]?.replaceAll('&#38;', '&') ?? ''
  const second = await visitor.see(next)
  assert.equal(second.match(/one of many/g)?.length, 10)
  assert.match(second, /value="many"[\s\S]*name="ended" value="yes" checked/)
  assert.match(second, /href="\/ui\/keys\?q=many&#38;ended=yes">First page</)
})
