import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UiVisitor } from '../../../test/fixtures/ui-visitor.ts'

test('a search without a hit says so, and the fields keep what was searched for', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const page = await visitor.see('/ui/audit?action=tag.update&from=2026-01-31&actor=%22%3E')
  assert.match(page, /Nothing was recorded that fits/)
  assert.match(page, /name="action" type="text" autocomplete="off" value="tag\.update"/)
  assert.match(page, /name="from" type="date" autocomplete="off" value="2026-01-31"/)
  assert.match(page, /value="&#34;&#62;"/)
})

test('a time that is none and a made-up place are refused with what is wrong', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const time = /must be a time from 1970 to 9999, such as 2027-01-31T00:00:00Z, not /
  for (const from of ['2026-02-99', '-271821-04-20T00:00:00Z', '0000-01-01', '%2B010000-01-01T00:00:00Z'])
    for (const name of ['from', 'to'])
      assert.match(await visitor.see(`/ui/audit?${name}=${from}`, 400), time, from)
  assert.match(await visitor.see('/ui/audit?after=x', 400), /names no place/)
})

test('a text that no record can have is refused before the database would', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  for (const text of ['a%00b', 'a%0Ab', 'a'.repeat(301)])
    assert.match(await visitor.see(`/ui/audit?actor=${text}`, 400), /without control characters/, text)
})

test('a page of older records leads back to the first one, with the same search', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const { memory } = visitor.api
  for (let i = 0; i < 60; i += 1)
    memory.service.audit.record({ actor: 'test', action: 'tag.update', subject: `acme/shop/t${i}` })
  await memory.audited()
  const first = await visitor.see('/ui/audit?action=tag.update&from=2025-12-31')
  assert.doesNotMatch(first, /First page/)
  const next = /rel="next" href="([^"]+)"/.exec(first)?.[1]?.replaceAll('&#38;', '&') ?? ''
  const second = await visitor.see(next)
  assert.equal(second.match(/acme\/shop\/t\d/g)?.length, 10)
  assert.match(second, /href="\/ui\/audit\?action=tag.update&#38;from=2025-12-31">First page</)
})
