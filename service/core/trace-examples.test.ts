import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DURATION_BOUNDS } from './duration-histogram.ts'
import type { EndedSpan } from './ended-span.ts'
import { TraceExamples, WAIT_STEPS } from './trace-examples.ts'

function span(traceId: string, durationMs: number, more: Partial<EndedSpan> = {}): EndedSpan {
  return {
    traceId,
    spanId: `of-${traceId}`,
    parentId: undefined,
    name: WAIT_STEPS.grant,
    kind: 'internal',
    startMs: 1000,
    durationMs,
    facts: {},
    fault: undefined,
    ...more,
  }
}

const idsOf = (examples: TraceExamples): (string | undefined)[] => examples.read().map((one) => one?.traceId)

describe('examples of traced waits', () => {
  test('are kept one for each class, the newest, and no more', () => {
    const examples = new TraceExamples()
    for (let calls = 0; calls < 1000; calls += 1) examples.note([span(`${calls}`, calls, { startMs: calls })])
    assert.equal(examples.read().length, DURATION_BOUNDS.length + 1)
    // Classes end at 1, 2.5, 5, 10, … ms; nothing took longer than a second.
    assert.deepEqual(idsOf(examples).slice(0, 4), ['1', '2', '5', '10'])
    assert.deepEqual(idsOf(examples).slice(9), ['999', undefined, undefined, undefined])
  })

  test('say how long it took and when it ended; what took longest stands in the open class', () => {
    const examples = new TraceExamples()
    examples.note([span('long', 6000, { name: WAIT_STEPS.share })])
    assert.deepEqual(examples.read().at(-1), {
      traceId: 'long',
      spanId: 'of-long',
      seconds: 6,
      atMs: 7000,
    })
  })

  test('are waits alone, and none that ended before the one that is known', () => {
    const examples = new TraceExamples()
    examples.note([
      span('a', 3, { startMs: 2000 }),
      span('other', 3, { name: 'postgresql: COMMIT' }),
      span('late', 3),
    ])
    assert.deepEqual(
      idsOf(examples).filter((id) => id !== undefined),
      ['a'],
    )
  })
})
