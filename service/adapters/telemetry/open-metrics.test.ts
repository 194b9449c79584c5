import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DURATION_BOUNDS, DurationHistogram } from '../../core/duration-histogram.ts'
import { TraceExamples, WAIT_STEPS } from '../../core/trace-examples.ts'
import { openMetrics } from './open-metrics.ts'
import { type MetricSource, PrometheusMetrics } from './prometheus-metrics.ts'

const HISTOGRAM = 'waits_seconds'

function measured() {
  const durations = new DurationHistogram()
  const examples = new TraceExamples()
  const sources: MetricSource[] = [
    {
      name: 'calls_total',
      help: 'Calls "asked"',
      kind: 'counter',
      labels: ['tag'],
      read: (set) => set(['a'], 3),
    },
    {
      name: HISTOGRAM,
      help: 'Waits',
      kind: 'histogram',
      bounds: DURATION_BOUNDS,
      labels: [],
      read: (set) => set([], durations.counts(0)),
    },
  ]
  const traced = { histogram: HISTOGRAM, read: () => examples.read() }
  return {
    durations,
    examples,
    traced: new PrometheusMetrics(sources, traced),
    plain: new PrometheusMetrics(sources),
  }
}

const WAIT = {
  parentId: undefined,
  name: WAIT_STEPS.grant,
  kind: 'internal',
  facts: {},
  fault: undefined,
} as const

test('who asks for OpenMetrics gets traces beside the classes, and all others what they always got', async () => {
  const { durations, examples, traced } = measured()
  durations.observe(30)
  examples.note([{ ...WAIT, traceId: 'abc', spanId: 'd', startMs: 1_700_000_000_000, durationMs: 30 }])
  const open = await traced.scrape(true)
  assert.equal(open.contentType, 'application/openmetrics-text; version=1.0.0; charset=utf-8')
  assert.match(
    open.text,
    /^# HELP calls Calls \\"asked\\"\n# TYPE calls counter\ncalls_total\{tag="a"\} 3\n/m,
  )
  assert.match(
    open.text,
    /^waits_seconds_bucket\{le="0\.05"\} 1 # \{trace_id="abc",span_id="d"\} 0\.03 1700000000\.030$/m,
  )
  assert.equal(open.text.match(/ # \{/g)?.length, 1)
  assert.match(open.text, /[^\n]\n# EOF\n$/)
  assert.doesNotMatch(open.text, /\n\n/)
  const { contentType, text } = await traced.scrape(false)
  assert.match(contentType, /^text\/plain; version=0\.0\.4/)
  assert.match(text, /^# TYPE calls_total counter$/m)
  assert.doesNotMatch(text, /trace_id|EOF/)
})

test('a gauge keeps its name, and no label ends a line', async () => {
  const text = [
    '# HELP handles_total Handles "open"',
    '# TYPE handles_total gauge',
    'handles_total 7',
    '',
    '# HELP handles Handles by type',
    '# TYPE handles gauge',
    'handles{type="a\u2028# TYPE waits_total counter\u2028# HELP x \\"y\\""} 7',
    '',
    '# HELP calls_total Calls',
    '# TYPE calls_total counter',
    'calls_total 1',
    '',
  ]
  const expected = text
    .filter((line) => line !== '')
    .map((line) => line.replace(/^(# \S+ calls)_total/, '$1'))
  expected[0] = String.raw`# HELP handles_total Handles \"open\"`
  assert.deepEqual(openMetrics(text.join('\n'), HISTOGRAM, []).split('\n'), [...expected, '# EOF', ''])
})

test('of the metrics of Node.js no two have one name', async () => {
  const { text } = await measured().traced.scrape(true)
  const names = text.split('\n').flatMap((line) => /^# TYPE (\S+) /.exec(line)?.[1] ?? [])
  assert.ok(names.some((name) => name.startsWith('nodejs_')))
  assert.deepEqual(names.length, new Set(names).size)
})

test('what took longest has its trace at the open class', async () => {
  const { examples, traced } = measured()
  examples.note([{ ...WAIT, traceId: 'abc', spanId: 'd', startMs: 0, durationMs: 9000 }])
  assert.match((await traced.scrape(true)).text, /^waits_seconds_bucket\{le="\+Inf"\} 0 # \{trace_id="abc"/m)
})

test('where nothing is traced the answer is the plain one, whatever was asked for', async () => {
  assert.match((await measured().plain.scrape(true)).contentType, /^text\/plain/)
})
