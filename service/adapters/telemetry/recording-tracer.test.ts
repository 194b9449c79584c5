import assert from 'node:assert/strict'
import { AsyncResource } from 'node:async_hooks'
import { test } from 'node:test'
import type { EndedSpan } from '../../core/ended-span.ts'
import { traced } from '../../ports/tracer.ts'
import { MemoryClock } from '../memory/memory-clock.ts'
import { SystemRandom } from '../system/system-random.ts'
import { RecordingTracer } from './recording-tracer.ts'

const PARENT = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }
const STEP = { name: 'a call', kind: 'server', traceId: PARENT.traceId, parentId: PARENT.spanId } as const

function tracerOf({ ratio = 0, perSecond = 100, slowMs = 1000 } = {}) {
  const clock = new MemoryClock()
  const ended: EndedSpan[] = []
  const onEnd = (spans: readonly EndedSpan[]): void => void ended.push(...spans)
  const sampling = { ratio, perSecond }
  return {
    clock,
    ended,
    tracer: new RecordingTracer({ sampling, slowMs, clock, random: new SystemRandom(), onEnd }),
  }
}

test('the caller decides where it says so, and the ratio where it does not', () => {
  const all = tracerOf({ ratio: 1 }).tracer
  assert.equal(all.decide({ ...PARENT, sampled: false }), false)
  assert.equal(all.decide(undefined), true)
  const none = tracerOf().tracer
  assert.equal(none.decide({ ...PARENT, sampled: true }), true)
  assert.equal(none.decide(undefined), false)
})

test('callers that want every call traced get no more than the budget', () => {
  const { tracer } = tracerOf({ perSecond: 5 })
  const traces = Array.from({ length: 20 }, () => tracer.decide({ ...PARENT, sampled: true }))
  assert.equal(traces.filter(Boolean).length, 5)
})

test('a ratio that is configured live counts from the next call', () => {
  const { tracer } = tracerOf()
  assert.equal(tracer.decide(undefined), false)
  tracer.configure({ ratio: 1, perSecond: 100 })
  assert.equal(tracer.decide(undefined), true)
})

test('steps of a call stand below it, also those that come later', async () => {
  const { clock, ended, tracer } = tracerOf()
  const span = tracer.begin(STEP)
  const work = tracer.within(span, () =>
    traced(tracer, { name: 'a step', kind: 'client' }, async () => {
      await Promise.resolve()
      clock.advance(5)
      await traced(tracer, { name: 'a step of it', kind: 'internal' }, () => Promise.resolve())
    }),
  )
  await work
  span.end()
  const [inner, step, call] = ended
  assert.deepEqual([inner?.name, step?.name, call?.name], ['a step of it', 'a step', 'a call'])
  assert.deepEqual([inner?.parentId, step?.parentId], [step?.spanId, call?.spanId])
  assert.equal(step?.durationMs, 5)
  assert.equal(call?.parentId, PARENT.spanId)
})

test('a step that fails says why, and its error goes on', async () => {
  const { ended, tracer } = tracerOf()
  const span = tracer.begin(STEP)
  const failing = tracer.within(span, () =>
    traced(tracer, { name: 'a step', kind: 'client' }, () => Promise.reject(new Error('no'))),
  )
  await assert.rejects(failing, /no/)
  assert.equal(ended[0]?.fault, 'no')
})

test('what a call left behind is not below it once it has ended', () => {
  const { tracer } = tracerOf()
  const span = tracer.begin(STEP)
  const seen: boolean[] = []
  tracer.within(span, () => {
    seen.push(tracer.active() === span)
    span.end()
    seen.push(tracer.active() === undefined)
  })
  assert.deepEqual(seen, [true, true])
})

test('a call that was not chosen is recorded afterwards if it was slow or failed', () => {
  const { ended, tracer } = tracerOf({ slowMs: 100 })
  tracer.late(STEP, 99, undefined)
  assert.equal(ended.length, 0)
  tracer.late(STEP, 100, undefined)
  tracer.late(STEP, 1, 'answered 503')
  assert.deepEqual(
    ended.map(({ durationMs, fault }) => [durationMs, fault]),
    [
      [100, undefined],
      [1, 'answered 503'],
    ],
  )
})

const ELSEWHERE = { ...PARENT, sampled: true }

test('what another thread asked for is below its span until it is answered, and no longer', async () => {
  const { tracer } = tracerOf()
  const later = Promise.withResolvers<void>()
  let leftBehind: () => boolean = () => true
  const answered = tracer.adopt(ELSEWHERE, async () => {
    const bound = AsyncResource.bind(() => tracer.active() !== undefined)
    leftBehind = bound
    assert.equal(tracer.active()?.spanId, ELSEWHERE.spanId)
    await later.promise
    assert.equal(tracer.active()?.spanId, ELSEWHERE.spanId)
  })
  later.resolve()
  await answered
  assert.equal(leftBehind(), false)
  tracer.adopt(ELSEWHERE, () => {
    leftBehind = AsyncResource.bind(() => tracer.active() !== undefined)
    assert.ok(leftBehind())
  })
  assert.equal(leftBehind(), false)
})
