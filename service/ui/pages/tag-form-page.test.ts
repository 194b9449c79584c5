import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { UiVisitor } from '../../../test/fixtures/ui-visitor.ts'
import { ALGORITHMS } from '../../core/algorithm.ts'

const ACTOR = { actor: 'test', traceId: undefined }

async function withGroup(t: TestContext): Promise<UiVisitor> {
  const visitor = await UiVisitor.signedIn(t)
  const { catalog } = visitor.api.memory.useCases
  await catalog.createWorkspace(ACTOR, 'acme', '')
  await catalog.createGroup(ACTOR, 'acme', 'shop', '')
  return visitor
}

/** As the page sends it when nobody changed anything: all algorithms ticked. */
function untouched(more: Readonly<Record<string, string>>): URLSearchParams {
  const form = new URLSearchParams({ workspace: 'acme', group: 'shop', tag: 'invoices', displayName: '' })
  for (const algorithm of ALGORITHMS) form.append('chain', algorithm)
  for (const [name, value] of Object.entries({ startAt: '1', dcCount: '8', cellSize: '', ...more }))
    form.set(name, value)
  return form
}

const DATED = { prefix: 'INV-', reset: 'day', width: '6', separator: '-', utcOffsetMinutes: '480' }

function examplesIn(text: string): string[] {
  const [, list = ''] = /<ul data-examples>([\s\S]*?)<\/ul>/.exec(text) ?? []
  return [...list.matchAll(/<li[^>]*>([^<\s]+)/g)].map(([, id = '']) => id)
}

test('a format is looked at without scripts, made, and its first ID is the example', async (t) => {
  const visitor = await withGroup(t)
  await visitor.see('/ui/tags/new')
  const look = await visitor.send('/ui/tags/new', untouched({ ...DATED, look: 'yes' }))
  assert.equal(look.status, 200)
  const [first = '', second, third, ...others] = examplesIn(look.text)
  assert.match(first, /^INV-\d{8}-000001$/)
  assert.deepEqual([second, third, others.length], [first.replace(/1$/, '2'), first.replace(/1$/, '3'), 1])
  assert.match(look.text, /Only segment gives IDs[\s\S]*can never be changed[\s\S]*124,999 IDs/)
  assert.match(look.text, /name="prefix" type="text" value="INV-"/)
  assert.match(look.text, /<details[^>]* open=""/)
  assert.match(look.text, /<option value="day" selected="">/)
  await visitor.see('/ui/tags/acme/shop/invoices', 404)

  const made = await visitor.send('/ui/tags/new', untouched(DATED))
  assert.equal(made.headers['location'], '/ui/tags/acme/shop/invoices', made.text)
  await visitor.see('/ui/tags/acme/shop/invoices')
  const issued = await visitor.send('/ui/tags/acme/shop/invoices', { count: '1' }, { 'hx-request': 'true' })
  assert.ok(issued.text.includes(`>${first}</a>`), issued.text)
})

test('a tag of a new business unit: the form offers to make that too, and makes nothing by itself', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  await visitor.see('/ui/tags/new')
  const wanted = { workspace: 'new', group: 'unit' }
  // What is wrong with the tag itself is said first, and nothing is offered.
  const wrong = await visitor.send('/ui/tags/new', untouched({ ...wanted, base: '0', missing: 'make' }))
  assert.match(wrong.text, /IDGEN_REQUEST_INVALID/)
  assert.doesNotMatch(wrong.text, /name="missing"/)
  const refused = await visitor.send('/ui/tags/new', untouched(wanted))
  assert.equal(refused.status, 400)
  assert.match(
    refused.text,
    /There is no [\s\S]*Make the workspace new and the group new\/unit too, and invoices in it</,
  )
  await visitor.see('/ui/workspaces/new', 404)

  // As its button sends it: what the form beside it hides, and nothing else.
  const [, offer = ''] =
    /<form[^>]*>((?:(?!<form)[\s\S])*name="missing"[\s\S]*?)<\/form>/.exec(refused.text) ?? []
  const hidden = [...offer.matchAll(/name="([^"]+)" value="([^"]*)"/g)]
  const form = new URLSearchParams()
  for (const [, name = '', value = ''] of hidden) form.append(name, value)
  const made = await visitor.send('/ui/tags/new', form)
  assert.equal(made.headers['location'], '/ui/tags/new/unit/invoices', made.text)
  await visitor.see('/ui/tags/new/unit/invoices')
  const actions = (await visitor.api.memory.audited()).map(({ action }) => action).slice(-3)
  assert.deepEqual(actions, ['workspace.create', 'group.create', 'tag.create'])
})

test('what the offer makes it names: the workspace too where that is missing, in both languages', async (t) => {
  const visitor = await withGroup(t)
  const offered = async (workspace: string): Promise<string> => {
    await visitor.see('/ui/tags/new')
    const { text } = await visitor.send('/ui/tags/new', untouched({ workspace, group: 'unit' }))
    return /name="missing"[^>]*><button[^>]*>([^<]*)</.exec(text)?.[1] ?? ''
  }
  assert.equal(await offered('acme'), 'Make the group acme/unit too, and invoices in it')
  assert.equal(
    await offered('acmee'),
    'Make the workspace acmee and the group acmee/unit too, and invoices in it',
  )
  await visitor.send('/ui/preferences', { language: 'zh' })
  assert.equal(await offered('acme'), '同时创建分组 acme/unit，并在其中创建 invoices')
  assert.equal(await offered('acmee'), '同时创建工作空间 acmee 与分组 acmee/unit，并在其中创建 invoices')
})

test('a key that may manage one group makes no other one along with a tag', async (t) => {
  const visitor = await withGroup(t)
  const { keys } = visitor.api.memory.useCases
  const draft = { name: 'x', scopes: ['manage'], within: 'acme/shop', expiresAt: undefined } as const
  await visitor.signIn((await keys.create(ACTOR, draft)).text)
  await visitor.see('/ui/tags/new')
  const refused = await visitor.send('/ui/tags/new', untouched({ group: 'other', missing: 'make' }))
  assert.match(refused.text, /IDGEN_FORBIDDEN/)
  assert.equal(await visitor.api.memory.useCases.catalog.store.findGroup('acme', 'other'), undefined)
})

test('the format of a tag that is there is shown, and no form can change it', async (t) => {
  const visitor = await withGroup(t)
  await visitor.see('/ui/tags/new')
  assert.equal((await visitor.send('/ui/tags/new', untouched(DATED))).status, 303)
  for (const page of ['/ui/tags/acme/shop/invoices', '/ui/tags/acme/shop/invoices/edit']) {
    const text = await visitor.see(page)
    assert.match(text, /Prefix<\/dt><dd[^>]*>INV-<[\s\S]*Begin anew, with a date<\/dt><dd[^>]*>Every day</)
    assert.doesNotMatch(text, /name="prefix"/)
  }
  const fields = {
    chain: 'segment',
    base: '50',
    min: '50',
    max: '100',
    version: '1',
    of: 'acme/shop/invoices',
  }
  const edit = '/ui/tags/acme/shop/invoices/edit'
  const look = await visitor.send(edit, { ...fields, prefix: 'X', look: 'yes' })
  assert.match(examplesIn(look.text)[0] ?? '', /^INV-/)
  assert.match(await visitor.see(edit), /name="base" type="text" value="100"/)
  assert.equal((await visitor.send(edit, { ...fields, prefix: 'X', startAt: '1' })).status, 400)
  assert.equal((await visitor.send(edit, { ...fields, prefix: 'X' })).status, 303)
  const { space } = await visitor.api.memory.useCases.catalog.tag({
    workspace: 'acme',
    group: 'shop',
    name: 'invoices',
  })
  assert.equal(space.format?.prefix, 'INV-')
})

test('settings that somebody else changed meanwhile are not saved over; a link opens the form anew', async (t) => {
  const visitor = await withGroup(t)
  await visitor.see('/ui/tags/new')
  assert.equal((await visitor.send('/ui/tags/new', untouched({ tag: 'orders' }))).status, 303)
  const edit = '/ui/tags/acme/shop/orders/edit'
  const fields = { chain: 'segment', base: '50', min: '50', max: '100', version: '1' }
  assert.equal((await visitor.send(edit, fields)).status, 303)
  const stale = await visitor.send(edit, { ...fields, base: '70' })
  assert.match(stale.text, /IDGEN_VERSION_MISMATCH[\s\S]*name="base" type="text" value="70"/)
  assert.ok(stale.text.includes(`href="${edit}">open it anew</a>`))
  assert.match(await visitor.see(edit), /name="version" value="2"[\s\S]*name="base" type="text" value="50"/)
  const wrong = await visitor.send(edit, { ...fields, base: 'x' })
  assert.doesNotMatch(wrong.text, /open it anew/)
  await visitor.send('/ui/preferences', { language: 'zh' })
  await visitor.see(edit)
  // To load that page anew would send the old version again.
  const chinese = await visitor.send(edit, { ...fields, base: '70' })
  assert.match(chinese.text, /请重新打开表单[\s\S]*>重新打开表单<\/a>/)
  assert.doesNotMatch(chinese.text, /刷新/)
})

test('what is wrong with a format is said while it is typed, in the sentences of the service', async (t) => {
  const visitor = await withGroup(t)
  await visitor.see('/ui/tags/new')
  const check = async (fields: Readonly<Record<string, string>>): Promise<string> =>
    (await visitor.send('/ui/tags/check', untouched(fields), { 'hx-request': 'true' })).text
  assert.match(await check({ reset: 'day' }), /Width: is needed with reset/)
  assert.match(await check({ separator: '-' }), /belongs to a format with reset/)
  assert.match(await check({ ...DATED, width: '12' }), /would end before the year 2100/)
  assert.match(await check({ ...DATED, startAt: '7' }), /must be 1 with reset/)
  assert.match(await check({ prefix: 'a b' }), /not &#34;a b&#34;/)
  const ticked = untouched({ prefix: 'A' })
  ticked.delete('chain')
  ticked.append('chain', 'segment')
  ticked.append('chain', 'uuid-v7')
  assert.match((await visitor.send('/ui/tags/check', ticked)).text, /must end before the UUIDs with a format/)
})

test('the key that shuffles comes with the page, is used where the box is ticked, and stays', async (t) => {
  const visitor = await withGroup(t)
  const keyIn = (text: string): string =>
    /name="shuffleKey" type="text" value="([0-9a-f]{32})"/.exec(text)?.[1] ?? ''
  const page = await visitor.see('/ui/tags/new?radix=62&width=6')
  assert.match(page, /<option value="62" selected="">/)
  const shuffleKey = keyIn(page)
  assert.notEqual(shuffleKey, '')
  assert.notEqual(keyIn(await visitor.see('/ui/tags/new')), shuffleKey)
  const typed = { radix: '62', width: '6', shuffleKey }
  const look = async (more: Readonly<Record<string, string>>): Promise<string> =>
    (await visitor.send('/ui/tags/new', untouched({ ...typed, ...more, look: 'yes' }))).text
  assert.equal(examplesIn(await look({}))[0], '000001')
  const shuffled = await look({ shuffle: 'yes' })
  assert.equal(keyIn(shuffled), shuffleKey)
  const [first = ''] = examplesIn(shuffled)
  assert.match(first, /^[0-9A-Za-z]{6}$/)
  assert.notEqual(first, '000001')
  assert.equal((await visitor.send('/ui/tags/new', untouched({ ...typed, shuffle: 'yes' }))).status, 303)
  const url = '/ui/tags/acme/shop/invoices'
  await visitor.see(url)
  assert.ok((await visitor.send(url, { count: '1' })).text.includes(`>${first}</a>`))
})

test('the form speaks Chinese to who reads Chinese', async (t) => {
  const visitor = await withGroup(t)
  const { text } = await visitor.get('/ui/tags/new?prefix=A', { 'accept-language': 'zh-CN' })
  assert.match(text, /ID 格式（创建后不可更改）[\s\S]*前缀[\s\S]*乱序密钥/)
})
