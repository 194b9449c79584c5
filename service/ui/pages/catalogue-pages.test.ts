import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { describe, test } from 'node:test'
import { UiVisitor } from '../../../test/fixtures/ui-visitor.ts'
import { IdgenError } from '../../core/errors.ts'
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
    assert.match(await check({ base: '5' }), /\/step\/min/)
    assert.match(await check({ base: 'five' }), /must be a whole number/)
    assert.match(await check({ chain: '' }), /\/chain/)
    assert.match(await check({ of: 'acme/shop/orders', max: '200' }), /Only segment gives IDs/)
  })
})

describe('a batch', () => {
  test('is looked at before it is done, and each tag has its own result', async (t) => {
    const visitor = await withTags(t)
    const chosen = await visitor.see(
      '/ui/tags/batch?tag=acme/shop/orders&tag=acme/shop/refunds&tag=acme/shop/none',
    )
    assert.match(chosen, /Change 3 tags/)
    const fields = new URLSearchParams({ action: 'step', base: '20', min: '', max: '' })
    for (const tag of ['orders', 'refunds', 'none']) fields.append('tag', `acme/shop/${tag}`)
    const preview = await visitor.send('/ui/tags/batch', fields)
    assert.match(preview.text, /2 of 3 would be changed/)
    assert.match(preview.text, /20 \(10 – 100\)/)
    assert.match(preview.text, /There is no tag acme\/shop\/none/)
    assert.match(await visitor.see('/ui/tags/acme/shop/orders'), /10 \(10 – 100\)/)
    fields.set('confirmed', 'yes')
    assert.match((await visitor.send('/ui/tags/batch', fields)).text, /2 of 3 were changed/)
    assert.match(await visitor.see('/ui/tags/acme/shop/orders'), /20 \(10 – 100\)/)
    fields.set('base', '5')
    assert.match(
      (await visitor.send('/ui/tags/batch', fields)).text,
      /0 of 3 were changed[\s\S]*IDGEN_REQUEST_INVALID/,
    )
    fields.set('action', 'delete')
    assert.match((await visitor.send('/ui/tags/batch', fields)).text, /2 of 3 were changed/)
    assert.match(await visitor.see('/ui/tags'), /Nothing was found/)
  })

  test('takes a tag that is named twice once, and makes no tag of two lines', async (t) => {
    const visitor = await withTags(t)
    const twice = '/ui/tags/batch?tag=acme/shop/orders&tag=acme/shop/orders'
    assert.match(await visitor.see(twice), /Change 1 tags/)
    await visitor.see('/ui/tags/new-batch')
    const lines = 'acme/shop/a segment 10\nacme/shop/a segment 20\nacme/shop/b'
    const preview = await visitor.send('/ui/tags/new-batch', { lines })
    assert.match(preview.text, /2 of 3 would be made[\s\S]*acme\/shop\/a is asked for above already/)
    const made = await visitor.send('/ui/tags/new-batch', { lines, confirmed: 'yes' })
    assert.match(made.text, /2 of 3 were made[\s\S]*IDGEN_ALREADY_EXISTS/)
    assert.match(await visitor.see('/ui/tags/acme/shop/a'), /10 \(10 –/)
  })

  test('says what nobody knows: the database took it, and the answer was lost', async (t) => {
    const visitor = await withTags(t)
    const { batches } = visitor.api.memory.useCases
    const lost = async (): Promise<never> => {
      throw new IdgenError('IDGEN_STORE_UNAVAILABLE', 'It is unknown whether the database kept it.')
    }
    t.mock.method(batches, 'updateTags', lost)
    t.mock.method(batches, 'createTags', lost)
    const fields = new URLSearchParams({ action: 'step', base: '20', confirmed: 'yes' })
    for (const tag of ['orders', 'refunds', 'none']) fields.append('tag', `acme/shop/${tag}`)
    const { text } = await visitor.send('/ui/tags/batch', fields)
    assert.match(text, /0 of 3 were changed\. Of 2 tags nobody can say whether it was done: look at them/)
    assert.deepEqual(text.match(/>(?:not certain|refused)</g), [
      '>not certain<',
      '>not certain<',
      '>refused<',
    ])
    const lines = 'acme/shop/a\nx'
    const made = await visitor.send('/ui/tags/new-batch', { lines, confirmed: 'yes' })
    assert.match(made.text, /0 of 2 were made[\s\S]*Of one tag nobody can say/)
    assert.deepEqual(made.text.match(/>(?:not certain|refused)</g), ['>not certain<', '>refused<'])
  })

  test('says of a deletion that was begun that it was', async (t) => {
    const visitor = await withTags(t)
    const { batches } = visitor.api.memory.useCases
    const refused = new IdgenError('IDGEN_SPACE_MISMATCH', 'A record is unreadable.')
    t.mock.method(batches, 'deleteTags', async () => [{ refused, isBegun: true }, { refused }])
    const fields = new URLSearchParams({ action: 'delete', confirmed: 'yes' })
    for (const tag of ['orders', 'refunds']) fields.append('tag', `acme/shop/${tag}`)
    const { text } = await visitor.send('/ui/tags/batch', fields)
    assert.match(text, /0 of 2 were changed\. One deletion was begun and cannot be taken back/)
    assert.deepEqual(text.match(/>(?:begun, not ended|refused)</g), ['>begun, not ended<', '>refused<'])
  })

  test('says all that is wrong with a step, between the marks of the language', async (t) => {
    const visitor = await withTags(t)
    const fields = { action: 'step', base: '20', min: '30', max: '15', tag: 'acme/shop/orders' }
    assert.match(
      (await visitor.send('/ui/tags/batch', fields)).text,
      /must not exceed base \(20\); \/step\/base must not exceed max \(15\)/,
    )
    await visitor.send('/ui/preferences', { language: 'zh' })
    assert.match(
      (await visitor.send('/ui/tags/batch', fields)).text,
      /不能超过 base（20）；\/step\/base 不能超过 max（15）/,
    )
  })

  test('makes tags with a format out of lines, and shows an ID of each before', async (t) => {
    const visitor = await withTags(t)
    await visitor.see('/ui/tags/new-batch')
    const key = '00112233445566778899aabbccddeeff'
    const lines = [
      'acme/shop/a prefix=A- width=4',
      `acme/shop/b, segment, 50, radix=62 width=6 shuffleKey=${key}`,
      'acme/shop/c reset=day',
      'acme/shop/d colour=red',
    ].join('\n')
    const preview = await visitor.send('/ui/tags/new-batch', { lines })
    assert.match(preview.text, /2 of 4 would be made/)
    assert.match(preview.text, /segment → snowflake, 1000, A-0001</)
    assert.match(preview.text, /width is needed with reset[\s\S]*fields of a format[^<]*colour=red/)
    const made = await visitor.send('/ui/tags/new-batch', { lines, confirmed: 'yes' })
    assert.match(made.text, /2 of 4 were made/)
    const { catalog } = visitor.api.memory.useCases
    const { space, step } = await catalog.tag({ workspace: 'acme', group: 'shop', name: 'b' })
    assert.deepEqual(space.format, { radix: 62, width: 6, shuffleKey: key })
    assert.equal(step.base, 50)
  })

  test('makes tags out of lines, and says what is wrong with which', async (t) => {
    const visitor = await withTags(t)
    await visitor.see('/ui/tags/new-batch')
    const lines = [
      'acme/shop/a',
      'acme/shop/b snowflake',
      'acme/shop/c, segment, 50',
      '',
      'acme/shop/orders',
      'x',
      'acme/shop/d wrong',
      'no/group/t',
    ].join('\r\n')
    const preview = await visitor.send('/ui/tags/new-batch', { lines })
    assert.match(preview.text, /3 of 7 would be made/)
    assert.equal((await visitor.get('/ui/tags/acme/shop/a')).status, 404)
    const made = await visitor.send('/ui/tags/new-batch', { lines, confirmed: 'yes' })
    assert.match(made.text, /3 of 7 were made/)
    for (const code of ['ALREADY_EXISTS', 'NAME_INVALID', 'REQUEST_INVALID', 'NOT_FOUND'])
      assert.match(made.text, new RegExp(code))
    assert.match(await visitor.see('/ui/tags/acme/shop/c'), /50 \(50 –/)
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
