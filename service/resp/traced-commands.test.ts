import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { command, RespDesk } from '../../test/fixtures/resp-desk.ts'
import { ScriptedIssuer } from '../../test/fixtures/scripted-issuer.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryRandom } from '../adapters/memory/memory-random.ts'
import { RecordingTracer } from '../adapters/telemetry/recording-tracer.ts'
import type { EndedSpan } from '../core/ended-span.ts'

const TAG = 'w/g/t'
const [TRACE, SPAN] = ['a'.repeat(32), 'b'.repeat(16)]

/** A client that is known; nothing is traced but what its trace wants. */
async function traced(): Promise<{ readonly desk: RespDesk; readonly spans: EndedSpan[] }> {
  const spans: EndedSpan[] = []
  const tracer = new RecordingTracer({
    sampling: { ratio: 0, perSecond: 100 },
    slowMs: 0,
    clock: new MemoryClock(),
    random: new MemoryRandom(),
    onEnd: (ended) => void spans.push(...ended),
  })
  const desk = new RespDesk(new ScriptedIssuer().tag(TAG), {}, tracer)
  desk.receive(command('AUTH', 'key'))
  await turn()
  return { desk, spans }
}

function trace(flags = '01'): string {
  return command('IDGEN.TRACE', `00-${TRACE}-${SPAN}-${flags}`)
}

test('IDGEN.TRACE names the trace of the single IDs that come next, once', async () => {
  const { desk, spans } = await traced()
  desk.receive(trace() + command('INCR', TAG).repeat(3))
  desk.receive(command('INCR', TAG))
  assert.equal(spans.length, 1)
  const [span] = spans
  assert.deepEqual(
    [span?.name, span?.traceId, span?.parentId, span?.facts['idgen.commands']],
    ['RESP burst', TRACE, SPAN, 3],
  )
})

test('a command for many IDs is a step of its own, below the trace', async () => {
  const { desk, spans } = await traced()
  desk.receive(trace() + command('INCRBY', TAG, '5') + command('IDGEN.RUNS', TAG, '5'))
  desk.receive(trace() + command('IDGEN.RUNS', TAG, '5'))
  assert.deepEqual(
    spans.map(({ name, parentId }) => [name, parentId]),
    [
      ['RESP INCRBY', SPAN],
      ['RESP IDGEN.RUNS', SPAN],
    ],
  )
})

test('a trace that its caller does not record is not recorded here, and is no longer there for the next', async () => {
  const { desk, spans } = await traced()
  desk.receive(trace('00') + command('INCR', TAG))
  desk.receive(trace() + command('RESET') + command('AUTH', 'key'))
  await turn()
  desk.receive(command('INCR', TAG))
  assert.deepEqual(spans, [])
})

test('what is no traceparent is refused with its form, and leaves the connection as it was', async () => {
  const { desk, spans } = await traced()
  for (const text of ['x', `00-${'0'.repeat(32)}-${SPAN}-01`, `00-${TRACE}-${SPAN}`])
    assert.match(desk.ask('IDGEN.TRACE', text), /^-ERR IDGEN\.TRACE takes a W3C traceparent: 00-/)
  assert.match(desk.ask('INCR', TAG), /^:\d+\r\n$/)
  assert.deepEqual(spans, [])
})

test('without a key no trace is taken, and without tracing it is taken and means nothing', async () => {
  const stranger = new RespDesk()
  assert.match(stranger.ask('IDGEN.TRACE', `00-${TRACE}-${SPAN}-01`), /^-NOAUTH /)
  stranger.receive(command('AUTH', 'key'))
  await turn()
  assert.equal(stranger.ask('IDGEN.TRACE', `00-${TRACE}-${SPAN}-01`), '+OK\r\n')
})
