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
  assert.match(await visitor.see('/ui/audit?from=2026-02-99', 400), /must be a time such as/)
  assert.match(await visitor.see('/ui/audit?after=x', 400), /names no place/)
})
