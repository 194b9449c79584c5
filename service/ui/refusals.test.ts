import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { UiVisitor } from '../../test/fixtures/ui-visitor.ts'

const ACTOR = { actor: 'test', traceId: undefined }

/** Signed in with a key that may manage acme/shop and nothing else, beside a workspace that it may not see. */
async function limited(t: Parameters<typeof UiVisitor.start>[0]) {
  const visitor = await UiVisitor.start(t)
  const { useCases } = visitor.api.memory
  for (const workspace of ['acme', 'other']) {
    await useCases.catalog.createWorkspace(ACTOR, workspace, '')
    await useCases.catalog.createGroup(ACTOR, workspace, 'shop', '')
    await useCases.catalog.createTag(ACTOR, { workspace, group: 'shop', name: 'orders' }, {})
  }
  const draft = { name: 'limited', scopes: ['manage'], within: 'acme/shop', expiresAt: undefined } as const
  const { key, text } = await useCases.keys.create(ACTOR, draft)
  await visitor.signIn(text)
  /** How often the audit log says since the last call that the key was refused. */
  const refused = async (): Promise<number> => {
    const before = (await visitor.api.memory.audited()).length
    useCases.refusedKeys.write()
    const records = (await visitor.api.memory.audited()).slice(before)
    for (const { action, subject, result, detail } of records) {
      assert.deepEqual([action, subject, result], ['key.refuse', key.id, 'IDGEN_FORBIDDEN'])
      assert.equal(detail['address'], '127.0.0.1')
    }
    return records.reduce((sum, { detail }) => sum + Number(detail['times']), 0)
  }
  return { visitor, refused }
}

describe('what a page refuses a key', () => {
  test('stands in the audit log, once a request, however the page says it', async (t) => {
    const { visitor, refused } = await limited(t)
    for (const url of [
      '/ui/workspaces/other',
      '/ui/workspaces/other/groups/shop',
      '/ui/tags/other/shop/orders',
      '/ui/ids?id=1&tag=other/shop/orders',
      '/ui/audit',
    ]) {
      assert.match((await visitor.get(url)).text, /IDGEN_FORBIDDEN/, url)
      assert.equal(await refused(), 1, url)
    }
    const tags = new URLSearchParams([
      ['action', 'delete'],
      ['confirmed', 'yes'],
      ['tag', 'other/shop/orders'],
      ['tag', 'other/shop/refunds'],
    ])
    for (const [url, fields] of [
      ['/ui/workspaces', { name: 'new' }],
      ['/ui/workspaces/other', { action: 'rename', displayName: 'x' }],
      ['/ui/tags/batch', tags],
      ['/ui/tags/new-batch', { lines: 'other/shop/a\nother/shop/b', confirmed: 'yes' }],
      ['/ui/tags/check', { of: 'other/shop/orders' }],
      ['/ui/tags/acme/shop/orders', { count: '1' }],
      ['/ui/workspaces/acme', { csrf: 'of another session' }],
    ] as const) {
      assert.match((await visitor.send(url, fields)).text, /IDGEN_FORBIDDEN/, url)
      assert.equal(await refused(), 1, url)
    }
  })

  test('is no refusal where the key may, or where what was asked is not there', async (t) => {
    const { visitor, refused } = await limited(t)
    await visitor.see('/ui/tags/acme/shop/orders')
    await visitor.see('/ui/tags/acme/shop/none', 404)
    await visitor.see('/ui/none', 404)
    const made = await visitor.send('/ui/tags/new-batch', { lines: 'acme/shop/a\nx', confirmed: 'yes' })
    assert.match(made.text, /1 of 2 were made/)
    assert.equal(await refused(), 0)
  })

  test('does not say whether it is there', async (t) => {
    const { visitor } = await limited(t)
    const asked = async (workspace: string): Promise<string[]> => {
      const root = `/ui/workspaces/${workspace}`
      const urls = [root, `${root}/delete`, `${root}/groups/shop`, `${root}/groups/shop/delete`]
      const tag = `/ui/tags/${workspace}/shop/orders`
      const answers: string[] = []
      for (const url of [...urls, tag, `${tag}/edit`, `${tag}/delete`])
        for (const { status, text } of [await visitor.get(url), await visitor.send(url, { confirm: 'x' })])
          answers.push(`${url} ${status} ${/IDGEN_[A-Z_]+/.exec(text)?.[0]}`.replaceAll(workspace, 'w'))
      return answers
    }
    const there = await asked('other')
    for (const answer of there) assert.match(answer, / 403 IDGEN_FORBIDDEN$/)
    assert.deepEqual(await asked('none'), there)
  })
})
