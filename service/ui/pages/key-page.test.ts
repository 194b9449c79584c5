import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { UiVisitor } from '../../../test/fixtures/ui-visitor.ts'
import { IdgenError } from '../../core/errors.ts'

/** A visitor at the page of a key, and how to see which secrets of it are valid. */
async function atKey(t: TestContext) {
  const visitor = await UiVisitor.signedIn(t)
  const { keys, authenticator } = visitor.api.memory.useCases
  const draft = { name: 'mine', scopes: ['issue' as const], within: '', expiresAt: undefined }
  const { key, text } = await keys.create({ actor: 'test', traceId: undefined }, draft)
  await visitor.see(`/ui/keys/${key.id}`)
  return {
    visitor,
    id: key.id,
    text,
    rotate: async (fields: Readonly<Record<string, string>>) => {
      const seen = await visitor.send(`/ui/keys/${key.id}/rotate`, fields)
      const secret = /idg_[a-z0-9]{12}_[A-Za-z0-9]{43}/.exec(seen.text)?.[0] ?? ''
      return { ...seen, secret }
    },
    isValid: async (secret: string): Promise<boolean> => {
      try {
        await authenticator.authenticate(secret)
        return true
      } catch (thrown) {
        assert.equal(IdgenError.from(thrown).code, 'IDGEN_UNAUTHENTICATED')
        return false
      }
    },
  }
}

test('a form that was sent twice ends no secret, and the one that nobody saw can be ended instead of the one in use', async (t) => {
  const { visitor, id, text, rotate, isValid } = await atKey(t)
  const lost = await rotate({ hours: '24' })
  const again = await rotate({ hours: '24' })
  assert.deepEqual([again.status, again.secret], [409, ''])
  assert.match(again.text, /IDGEN_KEY_ROTATING[\s\S]*Two secrets are valid/)
  assert.match(again.text, /value="newest" required checked="">The newest one: nobody has it/)
  assert.match(again.text, /value="oldest" required >/)
  assert.deepEqual(await Promise.all([text, lost.secret].map(isValid)), [true, true])
  // Where that page was, and the browser goes back to after signing in again.
  assert.match(await visitor.see(`/ui/keys/${id}/rotate`), /value="newest" required >/)
  const next = await rotate({ hours: '24', ends: 'newest' })
  assert.deepEqual(await Promise.all([text, lost.secret, next.secret].map(isValid)), [true, false, true])
})

test('who says that everybody has the newest secret ends the one before it', async (t) => {
  const { visitor, id, text, rotate, isValid } = await atKey(t)
  assert.doesNotMatch(await visitor.see(`/ui/keys/${id}`), /name="ends"/)
  const first = await rotate({ hours: '2' })
  assert.match(await visitor.see(`/ui/keys/${id}`), /value="newest" required >/)
  const second = await rotate({ hours: '2', ends: 'oldest' })
  assert.deepEqual(await Promise.all([text, first.secret, second.secret].map(isValid)), [false, true, true])
  // Once that time is over there is one secret, and nothing to choose.
  visitor.api.memory.clock.advance(2 * 3_600_000)
  await visitor.signIn()
  assert.doesNotMatch(await visitor.see(`/ui/keys/${id}`), /name="ends"/)
})

test('that a secret before is valid is told as long as it is, and that the last use may be of either', async (t) => {
  const { visitor, id, rotate } = await atKey(t)
  const look = () => visitor.see(`/ui/keys/${id}`)
  const both = /Last used, with either secret[\s\S]*The secret before is valid until/
  const one = /<dt[^>]*>Last used<\/dt>(?![\s\S]*The secret before is valid until)/
  assert.match(await look(), one)
  await rotate({ hours: '2' })
  assert.match(await look(), both)
  visitor.api.memory.clock.advance(2 * 3_600_000)
  await visitor.signIn()
  assert.match(await look(), one)
})

test('the page of a secret has no switch that would lead away from it', async (t) => {
  const { visitor, id, rotate } = await atKey(t)
  const page = await visitor.see(`/ui/keys/${id}`)
  assert.match(page, /action="\/ui\/preferences"/)
  const shown = await rotate({ hours: '2' })
  assert.notEqual(shown.secret, '')
  assert.doesNotMatch(shown.text, /action="\/ui\/preferences"/)
  const made = await visitor.send('/ui/keys', { name: 'another', scope: 'issue' })
  assert.match(made.text, /The new key/)
  assert.doesNotMatch(made.text, /action="\/ui\/preferences"/)
})

test('hours that are refused are spoken of as hours, in the form that has what was typed', async (t) => {
  const { visitor, rotate } = await atKey(t)
  for (const hours of ['-1', '2161', 'many']) {
    const refused = await rotate({ hours })
    assert.deepEqual([refused.status, refused.secret], [400, ''], hours)
    assert.match(refused.text, /Hours for which .* valid: must be 0 to 2160 hours \(90 days\), not/)
    assert.doesNotMatch(refused.text, /keepPreviousSeconds|\d seconds/)
    assert.ok(refused.text.includes(`max="2160" value="${hours}"`), hours)
  }
  await visitor.send('/ui/preferences', { language: 'zh' })
  assert.match((await rotate({ hours: '-1' })).text, /当前密钥继续有效的小时数：必须是 0 到 2160 小时/)
  assert.notEqual((await rotate({ hours: '0.5' })).secret, '')
})
