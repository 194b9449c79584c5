import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UiVisitor } from '../../../test/fixtures/ui-visitor.ts'

const ACTOR = { actor: 'test', traceId: undefined }

test('without a Grafana the charts are our own, and nothing may be framed', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const { text, headers } = await visitor.get('/ui/charts')
  assert.match(text, /server\.ui\.grafanaUrl/)
  assert.doesNotMatch(text, /<iframe/)
  assert.match(headers['content-security-policy'] ?? '', /frame-src 'none'/)
  assert.match(await visitor.see('/ui/live/overview?only=charts'), /<svg/)
})

test('panels of Grafana stand in the page, of the time and the business unit that were chosen', async (t) => {
  const visitor = await UiVisitor.signedIn(t, { grafanaUrl: 'https://grafana.example/path/' })
  await visitor.api.memory.useCases.catalog.createWorkspace(ACTOR, 'acme', '')
  const { text, headers } = await visitor.get('/ui/charts')
  assert.match(headers['content-security-policy'] ?? '', /frame-src https:\/\/grafana\.example;/)
  assert.equal(text.match(/<iframe src="https:\/\/grafana\.example\/path\/d-solo\//g)?.length, 8)
  assert.match(text, /from=now-1h/)
  const unit = await visitor.see('/ui/charts?range=7d&within=acme')
  assert.equal(unit.match(/<iframe [^>]*from=now-7d[^>]*var-workspace=acme/g)?.length, 4)
  assert.doesNotMatch(unit, /idgen-overview/)
  const odd = await visitor.see('/ui/charts?range=%22onload&within=%22%3E%3Cscript%3E')
  assert.match(odd, /from=now-1h/)
  assert.doesNotMatch(odd, /"><script>/)
})

test('a key that is limited sees panels of its own part', async (t) => {
  const visitor = await UiVisitor.signedIn(t, { grafanaUrl: 'https://grafana.example' })
  const draft = { name: 'limited', scopes: ['manage'], within: 'acme/shop', expiresAt: undefined } as const
  const { text } = await visitor.api.memory.useCases.keys.create(ACTOR, draft)
  await visitor.send('/ui/sign-out')
  await visitor.signIn(text)
  const page = await visitor.see('/ui/charts?within=other')
  assert.equal(page.match(/<iframe [^>]*var-workspace=acme[^>]*var-group=shop/g)?.length, 4)
  assert.doesNotMatch(page, /idgen-overview|Tags of other/)
})
