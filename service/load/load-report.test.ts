import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { drawReport } from './draw-report.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import { type LoadPlan, threadPlans } from './load-plan.ts'
import { type LoadReport, ReportBuilder } from './load-report.ts'
import type { ThreadInterval } from './load-thread.ts'
import { reportText, secondText } from './report-text.ts'

const PLAN: LoadPlan = {
  target: { protocol: 'http', host: '127.0.0.1', port: 8080, tls: undefined },
  tags: ['acme/shop/orders<&>'],
  key: 'idg_secret',
  threads: 2,
  connections: 7,
  pipeline: 16,
  batch: 1,
  form: 'text',
  command: 'incr',
  rate: 1000,
  requests: undefined,
  durationMs: 2000,
  warmUpMs: 1000,
  check: true,
  spin: false,
}

function interval(latencies: readonly number[], more: Partial<ThreadInterval> = {}): ThreadInterval {
  const histogram = new LatencyHistogram()
  for (const ms of latencies) histogram.record(ms)
  return {
    ms: 1000,
    answers: latencies.length,
    ids: latencies.length,
    bytesIn: 100,
    bytesOut: 50,
    resent: 0,
    reconnects: 0,
    errors: [],
    latency: histogram.drain(),
    delay: new LatencyHistogram().drain(),
    underWay: 1,
    busy: 0.5,
    ...more,
  }
}

function report(plan: Partial<LoadPlan> = {}, more: Partial<LoadReport> = {}): LoadReport {
  const builder = new ReportBuilder({ ...PLAN, ...plan })
  builder.addSecond([interval([900, 900]), interval([900])])
  builder.addSecond([interval([1, 2]), interval([3])])
  const failed = [{ code: 'IDGEN_OVERLOADED', count: 2, example: 'Too many <requests>' }]
  builder.addSecond([interval([4], { errors: failed, busy: 0.95 }), interval([], { errors: failed })])
  builder.addSecond([interval([5], { ms: 20 })])
  const check = { checked: 8, unchecked: 3, duplicates: 1, examples: [{ tag: 'acme/shop/orders', id: '42' }] }
  const built = builder.build({
    startedAt: 'then',
    ranMs: 3000,
    missed: 9,
    cpuMs: 6000,
    version: '1.2.3',
    check,
  })
  return { ...built, ...more }
}

describe('the report', () => {
  test('it adds up seconds and threads, without the warm-up', () => {
    const { answers, seconds, answersPerSecond, failures, errors, latency, bytes, tool, intervals } = report()
    assert.deepEqual(
      { answers, seconds, answersPerSecond, failures },
      { answers: 5, seconds: 2, answersPerSecond: 2.5, failures: 4 },
    )
    assert.deepEqual(errors, [{ code: 'IDGEN_OVERLOADED', count: 4, example: 'Too many <requests>' }])
    assert.ok(latency.max < 6, 'the 900 ms of the warm-up are not in it')
    assert.deepEqual(bytes, { sent: 250, received: 500 })
    assert.deepEqual({ cores: tool.cores, busiest: tool.busiestThread }, { cores: 2, busiest: 0.95 })
    assert.equal(intervals[0]?.answers, 3, 'which is shown all the same')
  })

  test('it never holds the key', () => {
    assert.doesNotMatch(JSON.stringify(report()), /idg_secret/)
    assert.doesNotMatch(reportText(report()) + drawReport(report()), /idg_secret/)
  })

  test('its text names every parameter, and says plainly what is not as it should be', () => {
    const text = reportText(report())
    assert.match(
      text,
      /^http 127\.0\.0\.1:8080, acme\/shop\/orders<&>, 7 connections × 16 under way, one ID a request, open loop 1,000\/s, 2 threads\n/,
    )
    assert.match(text, /answers {2}5 in 2\.0 s: 3\/s of 1,000 asked for/)
    assert.match(text, /NOT SENT 9 requests/)
    assert.match(text, /FAILURES 4\n +4 {2}IDGEN_OVERLOADED: Too many <requests>/)
    assert.match(text, /DUPLICATES 1 among 8 IDs\n {2}42 of acme\/shop\/orders came twice/)
    assert.match(text, /3 more IDs were NOT checked/)
    assert.match(text, /used 2\.00 processors, its busiest thread 95 %.*\n.*may be its own limit/)
  })

  test('a tool that was kept from its processor says so instead', () => {
    const { tool } = report()
    assert.match(
      reportText(report({}, { tool: { ...tool, cores: 0.4 } })),
      /other processes took the processor/,
    )
  })

  test('other ways to ask are named as what they are', () => {
    const resp = { ...PLAN.target, protocol: 'resp' } as const
    const texts = [
      report({ target: resp, rate: undefined, check: false }, { check: undefined }),
      report({ target: resp, batch: 100 }),
      report({ target: resp, command: 'next' }),
      report({
        batch: 1000,
        form: 'runs',
        tags: ['a/b/c', 'a/b/d'],
        target: { ...PLAN.target, tls: { ca: undefined } },
      }),
    ].map(reportText)
    assert.match(
      texts[0] ?? '',
      /INCR, closed loop, 2 threads, not checked[^]*IDs were not checked for duplicates/,
    )
    assert.match(texts[1] ?? '', /INCRBY 100/)
    assert.match(texts[2] ?? '', /IDGEN\.NEXT/)
    assert.match(
      texts[3] ?? '',
      /http \(TLS\).*2 tags \(a\/b\/c …\).*1,000 IDs a request as runs[^]*count the answers, not the IDs/,
    )
    assert.doesNotMatch(texts[3] ?? '', /^IDs .*\/s/m, 'no rate of IDs that were never written out')
    assert.match(texts[1] ?? '', /^IDs .*\/s/m)
  })

  test('the line of a second stands under its heading', () => {
    const [second] = report().intervals
    assert.ok(second !== undefined)
    assert.equal(secondText.line(second).length, secondText.heading.length)
  })
})

describe('the picture', () => {
  test('it is one well-formed SVG with four charts, and texts from outside are escaped', () => {
    const svg = drawReport(report())
    assert.match(svg, /^<svg xmlns/)
    assert.equal(svg.match(/<g /g)?.length, 4)
    assert.match(svg, /acme\/shop\/orders&#60;&#38;&#62;/)
    for (const name of ['svg', 'g', 'text', 'style', 'title'])
      assert.equal(
        svg.match(new RegExp(`<${name}[ >]`, 'g'))?.length,
        svg.match(new RegExp(`</${name}>`, 'g'))?.length,
        name,
      )
    assert.doesNotMatch(svg, /NaN|Infinity|undefined/)
  })

  test('a run that got nothing at all can be drawn', () => {
    const nothing = new ReportBuilder(PLAN).build({
      startedAt: 'then',
      ranMs: 1,
      missed: 0,
      cpuMs: 0,
      version: '1',
      check: undefined,
    })
    assert.doesNotMatch(drawReport(nothing), /NaN|Infinity|undefined/)
    assert.match(reportText(nothing), /answers {2}0 in/)
  })
})

test('the parts of the threads add up to the plan', () => {
  const parts = threadPlans({ ...PLAN, threads: 3, requests: 100 })
  assert.deepEqual(
    parts.map(({ connections }) => connections),
    [3, 2, 2],
  )
  assert.deepEqual(
    parts.map(({ requests }) => requests),
    [34, 33, 33],
  )
  assert.equal(Math.round(parts.reduce((sum, { rate = 0 }) => sum + rate, 0)), 1000)
})
