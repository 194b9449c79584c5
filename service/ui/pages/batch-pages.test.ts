import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { UiVisitor } from '../../../test/fixtures/ui-visitor.ts'
import { IdgenError } from '../../core/errors.ts'

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
    assert.match(await visitor.see(twice), /Change 1 tag</)
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

  test('carries out what was looked at, and nothing that came in between', async (t) => {
    const visitor = await withTags(t)
    const ACTOR = { actor: 'test', traceId: undefined }
    const { catalog } = visitor.api.memory.useCases
    const refs = ['orders', 'refunds', 'anew', 'late'].map((name) => ({
      workspace: 'acme',
      group: 'shop',
      name,
    }))
    const [orders, refunds, anew, late] = refs
    assert.ok(orders !== undefined && refunds !== undefined && anew !== undefined && late !== undefined)
    for (const action of ['step', 'delete']) {
      if (action === 'step') await catalog.createTag(ACTOR, anew, {})
      const fields = new URLSearchParams({ action, base: '100' })
      for (const { name } of refs) fields.append('tag', `acme/shop/${name}`)
      const preview = await visitor.send('/ui/tags/batch', fields)
      assert.match(preview.text, /3 of 4 would be changed/)
      const confirm = hiddenFields(preview.text)
      assert.equal(confirm.getAll('seen').length, 3)
      await catalog.updateTag(ACTOR, refunds, { displayName: `for ${action}` }, undefined)
      await catalog.deleteTag(ACTOR, anew, undefined)
      await catalog.createTag(ACTOR, anew, {})
      await catalog.createTag(ACTOR, late, {})
      const { text } = await visitor.send('/ui/tags/batch', confirm)
      assert.match(text, /1 of 4 were changed/)
      assert.match(text, /refunds was changed by somebody else since/)
      assert.match(text, /anew of the preview was deleted, and another one made/)
      assert.match(text, /did not say that it would change the tag acme\/shop\/late/)
      await catalog.deleteTag(ACTOR, late, undefined)
    }
    await assert.rejects(catalog.tag(orders), { code: 'IDGEN_TAG_NOT_FOUND' })
    assert.equal((await catalog.tag(refunds)).displayName, 'for delete')
    assert.equal((await catalog.tag(refunds)).step.base, 10)
    await catalog.tag(anew)
  })

  test('says of a declared tag before that it would not be changed', async (t) => {
    const visitor = await withTags(t)
    const owner = { cluster: 'c', namespace: 'n', name: 'o', uid: '1', createdAt: new Date(1) }
    const ref = { workspace: 'acme', group: 'shop', name: 'declared' }
    const spec = { algorithm: 'segment' } as const
    const { declarations } = visitor.api.memory.useCases
    const declaring = { owner, generation: 1, spec, floors: new Map() }
    await declarations.declare({ actor: 'test', traceId: undefined }, ref, declaring, () => {})
    for (const action of ['step', 'delete']) {
      const fields = new URLSearchParams({ action, base: '20' })
      for (const tag of ['orders', 'declared']) fields.append('tag', `acme/shop/${tag}`)
      const { text } = await visitor.send('/ui/tags/batch', fields)
      assert.match(text, /1 of 2 would be changed/)
      assert.match(text, /IDGEN_TAG_DECLARED/)
    }
  })

  test('refuses more tags or lines than it takes, and says how many', async (t) => {
    const visitor = await withTags(t)
    const many = (count: number) => Array.from({ length: count }, (_, at) => `acme/shop/t${at}`)
    const fields = new URLSearchParams({ action: 'delete', confirmed: 'yes' })
    for (const tag of many(101)) fields.append('tag', tag)
    const refused = await visitor.send('/ui/tags/batch', fields)
    assert.equal(refused.status, 400)
    assert.match(refused.text, /at most 100 tags, and 101 were sent/)
    const lines = await visitor.send('/ui/tags/new-batch', { lines: many(201).join('\n'), confirmed: 'yes' })
    assert.equal(lines.status, 400)
    assert.match(lines.text, /At most 200 lines make tags at once, and 201 were sent[\s\S]*acme\/shop\/t200/)
    assert.match(
      (await visitor.send('/ui/tags/new-batch', { lines: many(200).join('\n') })).text,
      /200 of 200/,
    )
  })

  test('says of a deletion that was begun that it was', async (t) => {
    const visitor = await withTags(t)
    const { batches } = visitor.api.memory.useCases
    const refused = new IdgenError('IDGEN_SPACE_MISMATCH', 'A record is unreadable.')
    t.mock.method(batches, 'deleteTags', async () => [{ refused, isBegun: true }, { refused }])
    const fields = new URLSearchParams({ action: 'delete', confirmed: 'yes' })
    for (const tag of ['orders', 'refunds']) fields.append('tag', `acme/shop/${tag}`)
    const { text } = await visitor.send('/ui/tags/batch', fields)
    assert.match(text, /tag=acme%2Fshop%2Frefunds">Choose a change for the one that was not changed</)
    assert.match(text, /0 of 2 were changed\. One deletion was begun and cannot be taken back/)
    assert.deepEqual(text.match(/>(?:begun, not ended|refused)</g), ['>begun, not ended<', '>refused<'])
  })

  test('says of tags that were not tried that they are as they were, and keeps what was refused apart', async (t) => {
    const visitor = await withTags(t)
    const { batches } = visitor.api.memory.useCases
    const away = new IdgenError('IDGEN_COORDINATION_UNAVAILABLE', 'No answer.')
    const there = new IdgenError('IDGEN_ALREADY_EXISTS', 'There is one.')
    t.mock.method(batches, 'createTags', async () => [
      { refused: away, isUntried: true },
      { refused: there, isUntried: true },
      { refused: away },
    ])
    const lines = 'acme/shop/a\nacme/shop/b\nacme/shop/c'
    const { text } = await visitor.send('/ui/tags/new-batch', { lines, confirmed: 'yes' })
    assert.match(text, /One tag was not tried, and is as it was[^<]*Of one tag nobody can say/)
    assert.deepEqual(text.match(/>(?:not tried|refused|not certain)</g), [
      '>not tried<',
      '>refused<',
      '>not certain<',
    ])
  })

  test('says all that is wrong with a step, between the marks of the language', async (t) => {
    const visitor = await withTags(t)
    const fields = { action: 'step', base: '20', min: '30', max: '15', tag: 'acme/shop/orders' }
    assert.match(
      (await visitor.send('/ui/tags/batch', fields)).text,
      /\(Least\): must not exceed base \(20\); Step of a segment \(At first\): must not exceed max \(15\)/,
    )
    await visitor.send('/ui/preferences', { language: 'zh' })
    assert.match(
      (await visitor.send('/ui/tags/batch', fields)).text,
      /不能超过 base（20）；号段步长（初始值）：不能超过 max（15）/,
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
    assert.match(preview.text, /Width: is needed with reset[\s\S]*fields of a format[^<]*colour=red/)
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
    const [, left = ''] = /<textarea[^>]*>([^<]*)</.exec(made.text) ?? []
    assert.deepEqual(
      left.split('\n'),
      ['acme/shop/orders', 'x', 'acme/shop/d wrong', 'no/group/t'],
      'what was made is not sent again',
    )
    for (const code of ['ALREADY_EXISTS', 'NAME_INVALID', 'REQUEST_INVALID', 'NOT_FOUND'])
      assert.match(made.text, new RegExp(code))
    assert.match(await visitor.see('/ui/tags/acme/shop/c'), /50 \(50 –/)
  })
})

/** The fields of the form that confirms a preview. */
function hiddenFields(text: string): URLSearchParams {
  const [, form = ''] = /<form method="post" action="\/ui\/tags\/batch">([\s\S]*?)<\/form>/.exec(text) ?? []
  const fields = new URLSearchParams()
  for (const [, name = '', value = ''] of form.matchAll(/name="([^"]*)" value="([^"]*)"/g))
    fields.append(name, value)
  return fields
}
