import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from '../../../test/fixtures/settle.ts'
import { SILENT } from '../../../test/fixtures/silent-log.ts'
import type { EndedSpan } from '../../core/ended-span.ts'
import { MemoryClock } from '../memory/memory-clock.ts'
import { type Sent, SpanExporter } from './span-exporter.ts'

const SPAN: EndedSpan = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  parentId: undefined,
  name: 'a step',
  kind: 'server',
  startMs: 1_700_000_000_123.25,
  durationMs: 1.5,
  facts: {},
  fault: undefined,
}

function exporterOf(answers: Sent[], queueMax = 1000) {
  const clock = new MemoryClock()
  const batches: number[] = []
  const send = async (spans: readonly EndedSpan[]): Promise<Sent> => {
    batches.push(spans.length)
    return answers.shift() ?? { kind: 'taken', rejected: 0 }
  }
  return { clock, batches, exporter: new SpanExporter({ send, clock, log: SILENT, queueMax }) }
}

test('spans are sent together after a second', async () => {
  const { clock, batches, exporter } = exporterOf([])
  exporter.add([SPAN])
  exporter.add([SPAN])
  assert.deepEqual(batches, [])
  clock.advance(1000)
  await settle()
  assert.deepEqual(batches, [2])
  assert.deepEqual(exporter.counters, { exported: 2, dropped: 0, refused: 0 })
})

test('more spans than may wait are dropped and counted', async () => {
  const { clock, exporter } = exporterOf([], 3)
  exporter.add([SPAN, SPAN, SPAN, SPAN, SPAN])
  assert.equal(exporter.waiting, 3)
  clock.advance(1000)
  await settle()
  assert.deepEqual(exporter.counters, { exported: 3, dropped: 2, refused: 0 })
})

test('a collector that is away gets the same spans later, after pauses that grow', async () => {
  const away: Sent = { kind: 'later', why: 'away', afterMs: undefined }
  const { clock, batches, exporter } = exporterOf([away, away])
  exporter.add([SPAN])
  for (const ms of [1000, 1000, 2000]) {
    clock.advance(ms)
    await settle()
  }
  assert.deepEqual(batches, [1, 1, 1])
  assert.deepEqual(exporter.counters, { exported: 1, dropped: 0, refused: 0 })
})

test('what a collector refuses for good is counted and not sent again', async () => {
  const { clock, batches, exporter } = exporterOf([{ kind: 'refused', why: 'no' }])
  exporter.add([SPAN])
  clock.advance(1000)
  await settle()
  clock.advance(60_000)
  await settle()
  assert.deepEqual(batches, [1])
  assert.deepEqual(exporter.counters, { exported: 0, dropped: 0, refused: 1 })
})

test('a stop sends what waits, and counts as dropped what a collector does not take then', async () => {
  const { batches, exporter } = exporterOf([])
  exporter.add([SPAN])
  await exporter.stop()
  assert.deepEqual(batches, [1])
  const away = exporterOf([{ kind: 'later', why: 'away', afterMs: undefined }])
  away.exporter.add([SPAN])
  await away.exporter.stop()
  assert.deepEqual(away.exporter.counters, { exported: 0, dropped: 1, refused: 0 })
})
