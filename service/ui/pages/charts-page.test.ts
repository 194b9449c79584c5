import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from '../../../test/fixtures/settle.ts'
import { UiVisitor } from '../../../test/fixtures/ui-visitor.ts'

const ACTOR = { actor: 'test', traceId: undefined }

test('without a Grafana the charts are our own, and nothing may be framed', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const { text, headers } = await visitor.get('/ui/charts')
  assert.match(text, /server\.ui\.grafanaUrl/)
  assert.doesNotMatch(text, /<iframe/)
  assert.match(headers['content-security-policy'] ?? '', /frame-src 'none'/)
  assert.match(text, /<svg/)
})

test('our own charts are of the time that was chosen, by the same links as those of Grafana', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const { clock } = visitor.api.memory
  for (let look = 0; look < 20; look += 1) {
    clock.advance(2000)
    await settle()
  }
  const hour = await visitor.see('/ui/charts?range=1h')
  assert.match(
    hour,
    /<nav aria-label="Time range".*href="\/ui\/charts\?range=1h" aria-current="true">1 h<.*>24 h</,
  )
  assert.match(hour, /The last hour/)
  assert.match(hour, /a point each 30 seconds/)
  assert.match(hour, /hx-get="\/ui\/live\/charts\?range=1h"/)
  // The clock of the test stands at midnight: the chart begins the evening before.
  assert.match(hour, /2025-12-31 23:00:40 – 2026-01-01 00:00:40 UTC/)
  assert.match(hour, />23:30<\/text>.*>01-01<\/text>/)
  const piece = await visitor.see('/ui/live/charts?range=24h')
  assert.match(piece, /The last 24 hours.*a point each 12 minutes/s)
  assert.doesNotMatch(piece, /<nav|<!doctype/)
  for (const range of ['', '?range=', '?range=%22onload', '?range=5m'])
    assert.match(await visitor.see(`/ui/charts${range}`), /The last five minutes/)
  const week = await visitor.see('/ui/charts?range=7d')
  assert.match(week, /keeps the figures of 24 hours.*The last 24 hours/s)
})

test('each chart says whose it is, and before the process ran there is a gap, drawn and said', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  visitor.api.memory.clock.advance(2000)
  await settle()
  const page = await visitor.see('/ui/charts?range=6h')
  assert.equal(page.match(/<figure>.*?test\/1, data centre 0.*?<\/figure>/gs)?.length, 5)
  assert.match(page, /Of the process test\/1, data centre 0 alone/)
  assert.match(
    page,
    /has no figures of this time. It has them since <time datetime="2026-01-01T00:00:00.000Z"/,
  )
  assert.equal(page.match(/<rect x="0" y="0" width="300" height="64"/g)?.length, 5)
  // Nobody asked: there is no time in which that was answered.
  assert.match(page, /Where there is no line, nobody asked/)
})

test('after a clock was put back there are no figures of before, and no word of a start', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const { clock } = visitor.api.memory
  for (const step of [0, 0, -600_000]) {
    clock.step(step)
    clock.advance(2000)
    await settle()
  }
  const english = await visitor.see('/ui/charts')
  assert.match(english, /has no figures of this time. It has them since <time datetime="2025-12-31T23:50:06/)
  assert.doesNotMatch(english, /not running/)
  await visitor.send('/ui/preferences', { language: 'zh' })
  const chinese = await visitor.see('/ui/charts')
  assert.match(chinese, /没有这段时间的数据，数据始于 <time datetime="2025-12-31T23:50:06/)
  assert.doesNotMatch(chinese, /尚未启动/)
  assert.match(chinese, /仅为进程 test\/1（数据中心 0）的数据：/)
})

test('a process that stood still says of what it knows nothing', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const { clock } = visitor.api.memory
  for (const pause of [0, 60_000, 0]) {
    clock.step(pause)
    clock.advance(2000)
    await settle()
  }
  const page = await visitor.see('/ui/charts')
  assert.match(
    page,
    /stood still, or its clock was set; nothing is known of <time datetime="2026-01-01T00:00:02.000Z".* – <time datetime="2026-01-01T00:01:04.000Z"/,
  )
})

test('a key that is limited is told why there are no charts', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const draft = { name: 'limited', scopes: ['manage'], within: 'acme', expiresAt: undefined } as const
  const { text } = await visitor.api.memory.useCases.keys.create(ACTOR, draft)
  await visitor.send('/ui/sign-out')
  await visitor.signIn(text)
  const page = await visitor.see('/ui/charts')
  assert.match(page, /your key is limited to a part/)
  assert.doesNotMatch(page, /<figure|hx-get="\/ui\/live/)
  assert.equal((await visitor.get('/ui/live/charts')).status, 403)
})

test('panels of Grafana stand in the page, of the time and the business unit that were chosen', async (t) => {
  const visitor = await UiVisitor.signedIn(t, { grafanaUrl: 'https://grafana.example/path/' })
  await visitor.api.memory.useCases.catalog.createWorkspace(ACTOR, 'acme', '')
  await visitor.api.memory.useCases.catalog.createWorkspace(ACTOR, 'other', '')
  await visitor.api.memory.useCases.catalog.createGroup(ACTOR, 'acme', 'shop', '')
  await visitor.api.memory.useCases.catalog.createGroup(ACTOR, 'other', 'lab', '')
  const { text, headers } = await visitor.get('/ui/charts')
  assert.match(headers['content-security-policy'] ?? '', /frame-src https:\/\/grafana\.example;/)
  assert.equal(text.match(/<iframe src="https:\/\/grafana\.example\/path\/d-solo\//g)?.length, 8)
  assert.match(text, /from=now-1h/)
  const unit = await visitor.see('/ui/charts?range=7d&within=acme')
  assert.equal(unit.match(/<iframe [^>]*from=now-7d[^>]*var-workspace=acme/g)?.length, 4)
  assert.doesNotMatch(unit, /idgen-overview/)
  // Groups of the workspace that was chosen, and of no other.
  assert.deepEqual(optionsOf(text), ['', 'acme', 'other'])
  assert.deepEqual(optionsOf(unit), ['', 'acme', 'acme/shop', 'other'])
  const group = await visitor.see('/ui/charts?within=acme/shop')
  assert.equal(group.match(/<iframe [^>]*var-workspace=acme[^>]*var-group=shop/g)?.length, 4)
  assert.match(group, /<option value="acme\/shop" selected/)
  const tag = await visitor.see('/ui/charts?within=acme/shop/orders')
  assert.match(tag, /var-tag=orders/)
  assert.deepEqual(optionsOf(tag), ['', 'acme/shop/orders', 'acme', 'acme/shop', 'other'])
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

function optionsOf(page: string): (string | undefined)[] {
  return [...page.matchAll(/<option value="([^"]*)"/g)].map(([, value]) => value)
}
