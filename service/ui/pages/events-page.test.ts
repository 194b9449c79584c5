import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ScriptedSegments } from '../../../test/fixtures/scripted-segments.ts'
import { UiVisitor } from '../../../test/fixtures/ui-visitor.ts'
import { degradationBars, TAGS_MAX } from '../degradation-bars.ts'

test('each tag has a line, and the shortest time is still seen', () => {
  const times = [
    { tag: 'acme/shop/orders', fromMs: 0, untilMs: 1, to: 'snowflake' },
    { tag: `acme/shop/${'x'.repeat(60)}`, fromMs: 0, to: 'snowflake' },
  ]
  const svg = degradationBars(times, { fromMs: 0, toMs: 2_592_000_000, label: 'two' }).toString()
  assert.match(svg, /acme\/shop\/orders/)
  assert.match(svg, /width="3\.0"/)
  assert.match(svg, /width="520\.0"/)
  assert.match(svg, />…x{29}</)
})

test('the page shows what happened in the time that was chosen', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const page = await visitor.see('/ui/events?span=7d')
  assert.match(page, /No tag was degraded in this time/)
  assert.match(page, /span=7d" aria-current="true"/)
})

test('of more tags than a picture has room for those that were degraded last are drawn', () => {
  const times = Array.from({ length: TAGS_MAX + 1 }, (_, at) => ({
    tag: `w/g/t${at}`,
    fromMs: 0,
    untilMs: 100 - at,
    to: 'snowflake',
  }))
  const svg = degradationBars(times, { fromMs: 0, toMs: 200, label: 'many' }).toString()
  assert.match(svg, />w\/g\/t0<[\s\S]*>w\/g\/t39</)
  assert.doesNotMatch(svg, />w\/g\/t40</)
})

test('a tag that is degraded longer than the time that was chosen has a bar over all of it', async (t) => {
  const segments = new ScriptedSegments()
  segments.mode = 'fail'
  const visitor = await UiVisitor.signedIn(t, { outside: { segments } })
  const { memory } = visitor.api
  const { useCases, clock } = memory
  const ref = { workspace: 'w', group: 'g', name: 'orders' }
  const actor = { actor: 'test', traceId: undefined }
  await useCases.catalog.createWorkspace(actor, 'w', '')
  await useCases.catalog.createGroup(actor, 'w', 'g', '')
  await useCases.catalog.createTag(actor, ref, { chain: ['segment', 'snowflake'] })
  await visitor.see('/ui/tags/w/g/orders')
  await visitor.send('/ui/tags/w/g/orders', { count: '1' })
  await memory.audited()
  const bars = async (url: string): Promise<readonly string[]> =>
    (await visitor.see(url)).match(/width="[\d.]+" height="14"/g) ?? []
  assert.equal((await bars('/ui/events?span=1h')).length, 1, 'its record and what is so now are one bar')
  clock.advance(2 * 3_600_000)
  await visitor.signIn()
  assert.deepEqual(await bars('/ui/events?span=1h'), ['width="520.0" height="14"'])
  const page = await visitor.see('/ui/events?span=1h')
  assert.match(page, /Bars are of all processes[\s\S]*No tag went over or came back in this time/)
  assert.equal((await bars('/ui/events?span=24h')).length, 1)
  const draft = { name: 'k', scopes: ['audit' as const], within: 'other', expiresAt: undefined }
  await visitor.signIn((await useCases.keys.create(actor, draft)).text)
  assert.deepEqual(await bars('/ui/events?span=1h'), [], 'of another workspace nobody learns')
})

test('more moves than a page has are said to be cut, and nothing is told of what is not all there', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const { memory } = visitor.api
  const move = (action: string, subject: string): void =>
    memory.service.audit.record({
      action: `algorithm.${action}`,
      subject,
      workspace: 'w',
      detail: { from: 'segment', to: 'snowflake', reason: 'away' },
    })
  move('recover', 'w/g/early')
  memory.clock.advance(1000)
  for (let at = 0; at <= 500; at += 1) {
    memory.clock.advance(1)
    move('degrade', 'w/g/orders')
  }
  await memory.audited()
  const page = await visitor.see('/ui/events')
  assert.match(page, /There are more than 500 moves.*datetime="2026-01-01T00:00:01.002Z"/)
  assert.doesNotMatch(page, /early/)
})
