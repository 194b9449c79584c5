import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { describe, test } from 'node:test'
import { UiVisitor } from '../../../test/fixtures/ui-visitor.ts'
import type { Scope } from '../../ports/api-key-store.ts'

const TAG = { chain: 'segment', base: '10', min: '10', max: '100', startAt: '', cellSize: '', dcCount: '' }

async function withTags(t: TestContext): Promise<UiVisitor> {
  const visitor = await UiVisitor.signedIn(t)
  assert.equal((await visitor.send('/ui/workspaces', { name: 'acme', displayName: 'Acme' })).status, 303)
  assert.equal((await visitor.send('/ui/workspaces/acme', { name: 'shop' })).status, 303)
  for (const tag of ['orders', 'refunds'])
    assert.equal(
      (await visitor.send('/ui/tags/new', { workspace: 'acme', group: 'shop', tag, ...TAG })).headers[
        'location'
      ],
      `/ui/tags/acme/shop/${tag}`,
    )
  return visitor
}

async function keyFor(visitor: UiVisitor, scopes: readonly Scope[], within: string): Promise<string> {
  const draft = { name: 'limited', scopes, within, expiresAt: undefined }
  const { text } = await visitor.api.memory.useCases.keys.create({ actor: 'test', traceId: undefined }, draft)
  return text
}

describe('workspaces, groups and tags', () => {
  test('many workspaces and groups are searched by name, and groups of the chosen unit can be chosen', async (t) => {
    const visitor = await withTags(t)
    assert.doesNotMatch(await visitor.see('/ui/workspaces'), /role="search"/)
    for (let i = 0; i < 12; i += 1) {
      await visitor.send('/ui/workspaces', { name: `unit-${i}`, displayName: i === 7 ? 'Harbour' : '' })
      await visitor.send('/ui/workspaces/acme', { name: `team-${i}`, displayName: i === 7 ? 'Harbour' : '' })
    }
    for (const [url, link] of [
      ['/ui/workspaces', 'workspaces/unit-7'],
      ['/ui/workspaces/acme', 'workspaces/acme/groups/team-7'],
    ] as const) {
      assert.match(await visitor.see(url), /role="search"/)
      const found = await visitor.see(`${url}?q=harb`)
      assert.deepEqual(
        [...found.matchAll(/<a class="link font-medium" href="\/ui\/([^"]+)"/g)].map(([, one]) => one),
        [link],
      )
      assert.match(await visitor.see(`${url}?q=nowhere`), /Nothing was found/)
    }
    const tags = await visitor.see('/ui/tags?within=acme')
    assert.match(tags, /<option value="acme" selected[^>]*>acme · Acme<\/option><option value="acme\/shop"/)
    assert.match(tags, /<option value="acme\/team-7"[^>]*>acme\/team-7 · Harbour</)
  })

  test('are made, seen, changed and deleted, and the audit log says by which key', async (t) => {
    const visitor = await withTags(t)
    assert.match(await visitor.see('/ui/workspaces'), /href="\/ui\/workspaces\/acme">acme<[\s\S]*Acme/)
    assert.match(await visitor.see('/ui/workspaces/acme'), /href="\/ui\/workspaces\/acme\/groups\/shop"/)
    await visitor.see('/ui/workspaces/acme/groups/shop')
    await visitor.send('/ui/workspaces/acme', { action: 'rename', displayName: 'Acme & Co' })
    assert.match(await visitor.see('/ui/workspaces/acme'), /Acme &#38; Co/)
    await visitor.send('/ui/workspaces/acme/groups/shop', { displayName: 'Shop' })
    assert.match(await visitor.see('/ui/workspaces/acme/groups/shop'), /value="Shop"/)
    const form = await visitor.see('/ui/tags/acme/shop/orders/edit')
    assert.match(form, /name="base" type="text" value="10"/)
    const changed = await visitor.send('/ui/tags/acme/shop/orders/edit', {
      ...TAG,
      base: '50',
      version: '1',
      displayName: '订单',
    })
    assert.equal(changed.status, 303, changed.text)
    assert.match(await visitor.see('/ui/tags/acme/shop/orders'), /订单[\s\S]*50 \(10 – 100\)/)
    for (const [url, confirm] of [
      ['/ui/tags/acme/shop/orders/delete', 'acme/shop/orders'],
      ['/ui/tags/acme/shop/refunds/delete', 'acme/shop/refunds'],
      ['/ui/workspaces/acme/groups/shop/delete', 'shop'],
      ['/ui/workspaces/acme/delete', 'acme'],
    ] as const) {
      await visitor.see(url)
      const refused = await visitor.send(url, { confirm: 'no' })
      assert.equal(refused.status, 409)
      assert.match(refused.text, /role="alert">What you typed is not the name asked for/)
      await visitor.see(url)
      assert.equal((await visitor.send(url, { confirm })).status, 303, url)
      await visitor.see(url, 404)
    }
    const records = await visitor.api.memory.audited()
    const actions = records.filter(({ action }) => /^(workspace|group|tag)\./.test(action))
    assert.deepEqual(
      actions.map(({ action }) => action),
      [
        'workspace.create',
        'group.create',
        'tag.create',
        'tag.create',
        'workspace.update',
        'group.update',
        'tag.update',
        'tag.delete',
        'tag.delete',
        'group.delete',
        'workspace.delete',
      ],
    )
    for (const { actor } of actions) assert.match(String(actor), /^[a-z0-9]{12}$/)
  })

  test('are refused in the form, with what was typed still in it', async (t) => {
    const visitor = await withTags(t)
    const again = await visitor.send('/ui/tags/new', {
      workspace: 'acme',
      group: 'shop',
      tag: 'orders',
      ...TAG,
    })
    assert.equal(again.status, 400)
    assert.match(again.text, /IDGEN_ALREADY_EXISTS/)
    assert.match(again.text, /name="tag" type="text" value="orders"/)
    const worded = await visitor.send('/ui/tags/new', {
      workspace: 'acme',
      group: 'shop',
      tag: 'x',
      ...TAG,
      base: 'ten',
    })
    assert.match(worded.text, /must be a whole number, not &#34;ten&#34;/)
    assert.match(worded.text, /name="base" type="text" value="ten"/)
    assert.match((await visitor.send('/ui/workspaces', { name: 'A b' })).text, /IDGEN_NAME_INVALID/)
    assert.match((await visitor.send('/ui/workspaces/acme', { name: 'shop' })).text, /IDGEN_ALREADY_EXISTS/)
    await visitor.see('/ui/workspaces/acme/delete')
    assert.match(
      (await visitor.send('/ui/workspaces/acme/delete', { confirm: 'acme' })).text,
      /IDGEN_NOT_EMPTY/,
    )
    const stale = await visitor.send('/ui/tags/acme/shop/orders/edit', { ...TAG, base: '20', version: '9' })
    assert.match(stale.text, /IDGEN_VERSION_MISMATCH/)
  })

  test('are changed by no form without the token of the session', async (t) => {
    const visitor = await withTags(t)
    for (const url of [
      '/ui/workspaces',
      '/ui/workspaces/acme',
      '/ui/workspaces/acme/delete',
      '/ui/workspaces/acme/groups/shop',
      '/ui/workspaces/acme/groups/shop/delete',
      '/ui/tags/new',
      '/ui/tags/acme/shop/orders/edit',
      '/ui/tags/acme/shop/orders/delete',
    ])
      for (const csrf of ['', 'x'.repeat(22)])
        assert.equal((await visitor.send(url, { csrf, confirm: 'acme', name: 'x' })).status, 403, url)
    assert.match(await visitor.see('/ui/workspaces'), /acme/)
  })

  test('show names of others as text, whatever stands in them', async (t) => {
    const visitor = await withTags(t)
    const evil = '<img src=x onerror=alert(1)>"\'`'
    await visitor.send('/ui/workspaces/acme', { action: 'rename', displayName: evil })
    await visitor.send('/ui/workspaces/acme/groups/shop', { displayName: evil })
    await visitor.send('/ui/tags/acme/shop/orders/edit', { ...TAG, displayName: evil })
    for (const url of [
      '/ui/workspaces',
      '/ui/workspaces/acme',
      '/ui/workspaces/acme/groups/shop',
      '/ui/tags',
      `/ui/tags?q=${encodeURIComponent(evil)}`,
      `/ui/tags?within=${encodeURIComponent(evil)}`,
      `/ui/tags/new?within=${encodeURIComponent(evil)}`,
      '/ui/tags/acme/shop/orders',
      '/ui/tags/acme/shop/orders/edit',
    ]) {
      const { text } = await visitor.get(url)
      assert.ok(!text.includes('<img src=x'), url)
      assert.ok(!text.includes('onerror=alert(1)>"'), url)
    }
  })
})

describe('tags', () => {
  test('are found by a part of their name and by business unit, a page at a time', async (t) => {
    const visitor = await withTags(t)
    const all = await visitor.see('/ui/tags')
    assert.match(all, /2 tags/)
    assert.match(await visitor.see('/ui/tags?q=refu'), /1 tag</)
    assert.match(await visitor.see('/ui/tags?within=none'), /Nothing was found/)
    const { useCases } = visitor.api.memory
    for (let i = 0; i < 60; i += 1)
      await useCases.catalog.createTag(
        { actor: 'test', traceId: undefined },
        { workspace: 'acme', group: 'shop', name: `t${i}` },
        {},
      )
    const first = await visitor.see('/ui/tags?q=t')
    assert.equal(first.match(/type="checkbox"/g)?.length, 50)
    const next = /rel="next" href="([^"]+)"/.exec(first)?.[1]?.replaceAll('&#38;', '&')
    assert.equal((await visitor.see(next ?? '')).match(/type="checkbox"/g)?.length, 10)
    assert.equal((await visitor.see('/ui/tags?select=all')).match(/checked=""/g)?.length, 50)
    const { text } = await visitor.get('/ui/tags?q=refu', { 'hx-request': 'true' })
    assert.doesNotMatch(text, /<html/)
    assert.match(text, /acme\/shop\/refunds/)
  })

  test('come with the groups of a unit that is chosen, and with the way to a new tag in it', async (t) => {
    const visitor = await withTags(t)
    const { text } = await visitor.get('/ui/tags?q=&within=acme', { 'hx-request': 'true' })
    assert.match(text, /<select id="within"[\s\S]*<option value="acme" selected[\s\S]*value="acme\/shop"/)
    assert.match(text, /<a id="new-tag"[^>]* href="\/ui\/tags\/new\?within=acme">/)
    const page = await visitor.see('/ui/tags')
    for (const id of ['within', 'new-tag']) assert.equal(page.match(new RegExp(`id="${id}"`, 'g'))?.length, 1)
  })

  test('say what their settings mean while they are typed', async (t) => {
    const visitor = await withTags(t)
    const check = async (fields: Readonly<Record<string, string>>): Promise<string> => {
      const { status, text } = await visitor.send(
        '/ui/tags/check',
        { ...TAG, ...fields },
        { 'hx-request': 'true' },
      )
      assert.equal(status, 200)
      return text
    }
    assert.match(await check({}), /Only segment gives IDs/)
    assert.match(await check({ base: '5' }), /Step of a segment \(Least\): must not exceed base/)
    assert.match(await check({ base: 'five' }), /must be a whole number/)
    assert.match(await check({ chain: '' }), /Algorithms: must name at least one/)
    assert.match(await check({ of: 'acme/shop/orders', max: '200' }), /Only segment gives IDs/)
  })
})

describe('a key that is limited', () => {
  test('sees and changes its own part alone', async (t) => {
    const visitor = await withTags(t)
    await visitor.send('/ui/workspaces', { name: 'other' })
    const key = await keyFor(visitor, ['manage'], 'acme/shop')
    await visitor.send('/ui/sign-out')
    await visitor.signIn(key)
    assert.match(await visitor.see('/ui/tags?within=other'), /2 tags/)
    const list = await visitor.see('/ui/workspaces')
    assert.ok(list.includes('acme') && !list.includes('other'))
    await visitor.see('/ui/workspaces/acme')
    await visitor.see('/ui/workspaces/other', 403)
    await visitor.see('/ui/tags/other/g/t', 403)
    for (const [url, fields] of [
      ['/ui/workspaces', { name: 'new' }],
      ['/ui/workspaces/acme', { name: 'new' }],
      ['/ui/workspaces/acme', { action: 'rename', displayName: 'x' }],
      ['/ui/workspaces/acme/delete', { confirm: 'acme' }],
      ['/ui/tags/new', { workspace: 'other', group: 'g', tag: 't', ...TAG }],
      ['/ui/tags/check', { of: 'other/g/t', ...TAG }],
    ] as const) {
      const { text } = await visitor.send(url, fields)
      assert.match(text, /IDGEN_FORBIDDEN/, url)
    }
    await visitor.send('/ui/sign-out')
    await visitor.signIn(await keyFor(visitor, ['audit'], ''))
    await visitor.see('/ui/tags', 403)
    assert.doesNotMatch(await visitor.see('/ui'), /href="\/ui\/tags"/)
  })
})
