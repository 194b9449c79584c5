import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpApi } from '../test/fixtures/http-api.ts'
import { scrapesOf, valueOf } from '../test/fixtures/metric-scrapes.ts'
import { ScriptedSegments } from '../test/fixtures/scripted-segments.ts'
import { VERSION } from './version.ts'

test('a scrape says what runs, and how requests for IDs ended and how long they took', async (t) => {
  const segments = new ScriptedSegments()
  const api = await HttpApi.withTags(t, { outside: { segments } })
  // Tags are timed by themselves once they were seen.
  for (const tag of ['snowflake', 'segment'] as const)
    await api.memory.useCases.directory.resolve(`acme/shop/${tag}`)
  const scraped = scrapesOf(api)
  const before = await scraped()
  assert.match(
    before,
    new RegExp(`^idgen_build_info\\{version="${VERSION}",node_version="v[0-9.]+"\\} 1$`, 'm'),
  )
  assert.equal(valueOf(before, 'idgen_generate_failures_total{code="IDGEN_INTERNAL"}'), 0)
  assert.equal(valueOf(before, 'idgen_generate_degraded_total'), 0)
  assert.equal(valueOf(before, 'idgen_connections_refused_total{protocol="metrics",reason="full"}'), 2)
  assert.match(before, /^# TYPE idgen_generate_duration_seconds histogram$/m)
  for (let asked = 0; asked < 3; asked += 1) assert.equal((await api.ids('snowflake')).status, 200)
  segments.mode = 'fail'
  assert.equal((await api.ids('segment')).status, 200, 'served by the next algorithm')
  await api.refuses('IDGEN_COUNT_OUT_OF_RANGE', 'POST', '/v1/workspaces/acme/groups/shop/tags/segment/ids', {
    body: { count: 0 },
  })
  api.memory.useCases.generate.stop()
  assert.equal((await api.ids('snowflake')).status, 503)
  const after = await scraped()
  const of = (series: string): number | undefined => valueOf(after, series)
  assert.equal(of('idgen_generate_requests_total{tag="acme/shop/snowflake",algorithm="snowflake"}'), 3)
  assert.equal(of('idgen_generate_degraded_total'), 1)
  assert.equal(of('idgen_generate_failures_total{code="IDGEN_SHUTTING_DOWN"}'), 1)
  assert.equal(of('idgen_generate_refusals_total{code="IDGEN_COUNT_OUT_OF_RANGE"}'), 1)
  assert.equal(of('idgen_protocol_requests_total{protocol="http",outcome="answered"}'), 4)
  assert.equal(of('idgen_protocol_requests_total{protocol="http",outcome="failed"}'), 1)
  assert.equal(of('idgen_protocol_requests_total{protocol="http",outcome="refused"}'), 1)
  assert.equal(of('idgen_protocol_requests_total{protocol="grpc",outcome="answered"}'), 0)
  assert.equal(of('idgen_tag_failures_total{tag="acme/shop/snowflake"}'), 1)
  assert.equal(of('idgen_thread_late_seconds{thread="main"}'), 0.25)
  assert.equal(of('idgen_thread_late_seconds{thread="protocol"}'), undefined)
  assert.equal(of('idgen_generate_duration_seconds_count'), 5)
  assert.equal(of('idgen_generate_duration_seconds_bucket{le="+Inf"}'), 5)
  assert.equal(of('idgen_generate_duration_seconds_bucket{le="0.001"}'), 5)
  assert.equal(of('idgen_protocol_duration_seconds_count{protocol="http"}'), 5)
  assert.equal(of('idgen_protocol_duration_seconds_count{protocol="resp"}'), 0)
  assert.equal(of('idgen_tag_duration_seconds_count{tag="acme/shop/snowflake"}'), 4)
  // It waited for the segment that could not be had, and went on without it.
  assert.equal(of('idgen_tag_duration_seconds_bucket{tag="acme/shop/segment",le="0.001"}'), 1)
})

test('what became of segments is counted on when their tag is served no more', async (t) => {
  const api = await HttpApi.withTags(t, {})
  assert.equal((await api.ids('segment')).status, 200)
  const scraped = scrapesOf(api)
  const refills = async () => valueOf(await scraped(), 'idgen_segment_refills_total') ?? 0
  const before = await refills()
  assert.ok(before > 0)
  await api.memory.useCases.directory.drop('acme/shop/segment', true)
  assert.ok((await refills()) >= before)
})
