import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scrapesOf, valueOf } from '../test/fixtures/metric-scrapes.ts'
import { ScriptedSegments } from '../test/fixtures/scripted-segments.ts'
import { settle } from '../test/fixtures/settle.ts'
import { UiVisitor } from '../test/fixtures/ui-visitor.ts'
import { NO_DURATIONS } from './core/duration-histogram.ts'
import { durationQuantile } from './core/duration-quantile.ts'
import { IdgenError } from './core/errors.ts'
import type { SegmentUsage } from './ports/segment-store.ts'
import { spaceFinding } from './status-findings.ts'
import { percent, shortDuration } from './ui/number-text.ts'

const ACTOR = { actor: 'test', traceId: undefined }

class UsedSegments extends ScriptedSegments {
  away = false

  override usage(): Promise<SegmentUsage[]> {
    if (this.away) return Promise.reject(new IdgenError('IDGEN_STORE_UNAVAILABLE', 'away'))
    return Promise.resolve([{ tagId: 1, dc: 0, usedShare: 0.4321 }])
  }
}

test('the cards of response time and capacity have the values of /metrics', async (t) => {
  const segments = new UsedSegments()
  const visitor = await UiVisitor.signedIn(t, { outside: { segments } })
  const { api } = visitor
  const { useCases, clock, service } = api.memory
  await useCases.catalog.createWorkspace(ACTOR, 'acme', '')
  await useCases.catalog.createGroup(ACTOR, 'acme', 'shop', '')
  await useCases.catalog.createTag(ACTOR, { workspace: 'acme', group: 'shop', name: 'segment' }, {})
  // One of three waits for its segment, and that is the slowest hundredth.
  segments.mode = 'hold'
  const waits = api.ids('segment')
  await settle()
  clock.advance(120)
  segments.mode = 'answer'
  segments.release()
  assert.equal((await waits).status, 200)
  for (let quick = 0; quick < 2; quick += 1) assert.equal((await api.ids('segment')).status, 200)
  await service.capacity.check()

  const page = await visitor.see('/ui')
  const metrics = await scrapesOf(api)()
  const shown = (metric: string): string | undefined => shownOn(page, metric)
  const name = 'idgen_generate_duration_seconds'
  const p99 = durationQuantile(0.99, NO_DURATIONS, {
    atMost: [...metrics.matchAll(new RegExp(`^${name}_bucket\\{le="[\\d.]+"\\} (\\d+)$`, 'gm'))].map(
      ([, count]) => Number(count),
    ),
    count: valueOf(metrics, `${name}_count`) ?? 0,
    sumSeconds: 0,
  })
  assert.ok(p99 !== undefined && p99 > 0.1, `${p99} s`)
  assert.equal(shown(name), shortDuration(p99, 'en'))
  assert.equal(valueOf(metrics, 'idgen_range_used_ratio_max'), 0.4321)
  assert.equal(shown('idgen_range_used_ratio_max'), percent(0.4321, 'en'))
})

test('while no check of capacity has succeeded, card, chart and status say so, and the metric is 0', async (t) => {
  const segments = new UsedSegments()
  segments.away = true
  const visitor = await UiVisitor.signedIn(t, { outside: { segments } })
  const { api } = visitor
  const { clock, service } = api.memory
  const name = 'idgen_range_used_ratio_max'
  const chart = /<figure><figcaption[^>]*><span[^>]*>Fullest number space<.*?<\/figure>/s
  const look = async () => {
    clock.advance(2000)
    await settle()
    const page = await visitor.see('/ui')
    const metric = valueOf(await scrapesOf(api)(), name)
    return { card: shownOn(page, name), chart: chart.exec(page)?.[0] ?? '', metric }
  }
  const before = await look()
  assert.deepEqual([before.card, before.metric], ['–', 0])
  assert.match(before.chart, /now –, highest –/)
  assert.match(before.chart, /no check had succeeded yet/)
  assert.doesNotMatch(before.chart, /<polyline/)
  assert.equal(spaceFinding(0, service.capacity.largestShare).verdict, 'warning')

  segments.away = false
  await service.capacity.check()
  const after = await look()
  assert.deepEqual([after.card, after.metric], [percent(0.4321, 'en'), 0.4321])
  // It begins where it is known: the time before stays a gap, and is said to be one.
  assert.equal(after.chart.match(/<polyline/g)?.length, 1)
  assert.match(after.chart, /no check had succeeded yet/)
  assert.equal(spaceFinding(0, service.capacity.largestShare).verdict, 'ok')
})

/** The value on the card of a metric. */
function shownOn(page: string, metric: string): string | undefined {
  return new RegExp(`data-metric="${metric}">.*?<dd[^>]*>([^<]+)<`, 's').exec(page)?.[1]
}
