import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UiVisitor } from '../../../test/fixtures/ui-visitor.ts'
import type { FoundRecord } from '../../ports/audit-query.ts'
import { degradationBars } from '../degradation-bars.ts'
import { degradedTimes } from './events-page.ts'

function record(at: number, subject: string, action: string, to: string): FoundRecord {
  return {
    at: new Date(at),
    id: at,
    actor: 'system',
    action: `algorithm.${action}`,
    subject,
    workspace: 'w',
    result: 'ok',
    traceId: undefined,
    detail: { from: 'segment', to, reason: 'away' },
  }
}

test('a degradation lasts until the tag comes back or goes down another step', () => {
  const newest = [
    record(500, 'w/g/b', 'degrade', 'snowflake'),
    record(400, 'w/g/a', 'recover', 'segment'),
    record(300, 'w/g/a', 'degrade', 'uuid-v7'),
    record(100, 'w/g/a', 'degrade', 'snowflake'),
  ]
  assert.deepEqual(degradedTimes(newest), [
    { tag: 'w/g/a', fromMs: 100, untilMs: 300, to: 'snowflake' },
    { tag: 'w/g/a', fromMs: 300, untilMs: 400, to: 'uuid-v7' },
    { tag: 'w/g/b', fromMs: 500, to: 'snowflake' },
  ])
  // Came back within the time that is looked at, went over before it.
  assert.deepEqual(degradedTimes([record(50, 'w/g/a', 'recover', 'segment')]), [])
})

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
  assert.match(page, /No tag degraded in this time/)
  assert.match(page, /span=7d" aria-current="true"/)
})
