import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from '../../../test/fixtures/settle.ts'
import { MemoryClock } from '../memory/memory-clock.ts'
import { BatchExporter, type Sent } from './batch-exporter.ts'

const TAKEN: Sent = { kind: 'taken', rejected: 0 }
const AWAY: Sent = { kind: 'later', why: 'away', afterMs: undefined }
const NO: Sent = { kind: 'refused', why: 'no' }

interface Given {
  readonly queueMax?: number
  readonly batchMax?: number
  readonly bytesMax?: number
  /** Of the draws: 0 up to, but not including, 1. */
  readonly chance?: number
}

/** Items are numbers that weigh what they say. The receiver answers with `answers`, then takes all. */
function exporterOf(
  answers: Sent[],
  { queueMax = 1000, batchMax = 1000, bytesMax = 1e6, chance = 0 }: Given = {},
) {
  const clock = new MemoryClock()
  const batches: number[][] = []
  const told: string[] = []
  const exporter = new BatchExporter<number>({
    send: async (items) => {
      batches.push([...items])
      return answers.shift() ?? TAKEN
    },
    clock,
    random: { fill: (bytes) => void bytes.fill(chance * 256) },
    news: {
      later: (why) => told.push(`later: ${why}`),
      refused: (why, items) => told.push(`refused ${items}: ${why}`),
      dropped: (why, items) => told.push(`dropped ${items}: ${why}`),
      again: () => told.push('again'),
    },
    queueMax,
    weigh: (item) => item,
    bytesMax,
    batchMax,
  })
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await settle()
  }
  return { clock, batches, told, exporter, pass }
}

test('items are sent together after a second', async () => {
  const { batches, exporter, pass, told, clock } = exporterOf([])
  exporter.add([1])
  exporter.add([2])
  assert.deepEqual(batches, [])
  await pass(1000)
  assert.deepEqual(batches, [[1, 2]])
  assert.deepEqual(exporter.counters, { exported: 2, dropped: 0, refused: 0 })
  assert.deepEqual([told, clock.pending], [[], 0])
})

test('a batch is as heavy as it may be, in order, and what is heavier goes alone', async () => {
  const { batches, exporter, pass } = exporterOf([], { batchMax: 10 })
  exporter.add([4, 6, 1, 50, 2, 3])
  for (let sent = 0; sent < 4; sent += 1) await pass(1000)
  assert.deepEqual(batches, [[4, 6], [1], [50], [2, 3]])
})

test('a batch that is full does not wait for its second', async () => {
  const { batches, exporter, pass } = exporterOf([], { batchMax: 10 })
  exporter.add([4])
  exporter.add([6])
  await pass(0)
  assert.deepEqual(batches, [[4, 6]])
})

test('more items than may wait are dropped, counted and told once, until all that waited is gone', async () => {
  const { exporter, pass, told } = exporterOf([], { queueMax: 3 })
  exporter.add([1, 1, 1, 1, 1])
  exporter.add([1])
  assert.equal(exporter.waiting, 3)
  await pass(1000)
  assert.deepEqual(exporter.counters, { exported: 3, dropped: 3, refused: 0 })
  assert.deepEqual(told, ['dropped 2: 3 wait already'])
  exporter.add([1, 1, 1, 1])
  assert.deepEqual(told, ['dropped 2: 3 wait already', 'dropped 1: 3 wait already'])
})

test('what is too heavy beside those that wait is dropped, and lighter items still find room', async () => {
  const { batches, exporter, pass, told } = exporterOf([], { bytesMax: 10 })
  exporter.add([4, 7, 5])
  exporter.add([2, 1])
  assert.equal(exporter.waiting, 3)
  await pass(1000)
  assert.deepEqual(batches, [[4, 5, 1]])
  exporter.add([10])
  await pass(1000)
  assert.deepEqual(batches, [[4, 5, 1], [10]])
  assert.deepEqual(exporter.counters, { exported: 4, dropped: 2, refused: 0 })
  assert.deepEqual(told, ['dropped 1: 2 wait already'])
})

test('a batch gives way too where it is the weight that leaves no room', async () => {
  const away = Array.from({ length: 10 }, () => AWAY)
  const { exporter, pass } = exporterOf(away, { bytesMax: 10, batchMax: 8 })
  exporter.add([8, 1])
  for (let tries = 1; tries < 10; tries += 1) await pass(30_000)
  exporter.add([3])
  assert.deepEqual([exporter.waiting, exporter.counters.dropped], [2, 1])
  await pass(30_000)
  assert.deepEqual([exporter.waiting, exporter.counters.dropped], [1, 2])
})

test('a receiver that is away gets the same items later, after pauses that grow to half a minute', async () => {
  const { batches, exporter, pass, told } = exporterOf(Array.from({ length: 7 }, () => AWAY))
  exporter.add([1])
  const pauses = [1000, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]
  for (const [i, ms] of pauses.entries()) {
    await pass(ms - 1)
    assert.equal(batches.length, i)
    await pass(1)
  }
  assert.deepEqual(
    batches,
    pauses.map(() => [1]),
  )
  assert.deepEqual(exporter.counters, { exported: 1, dropped: 0, refused: 0 })
  assert.deepEqual(told, ['later: away', 'again'])
})

test('pauses are longer by up to a half, by chance, and never shorter than was asked for', async () => {
  const asked: Sent = { kind: 'later', why: 'busy', afterMs: 20_000 }
  const { batches, exporter, pass } = exporterOf([AWAY, asked], { chance: 0.5 })
  exporter.add([1])
  await pass(1000)
  for (const [ms, sent] of [
    [1250, 1],
    [4, 2],
    [25_000, 2],
    [100, 3],
  ] as const) {
    await pass(ms)
    assert.equal(batches.length, sent)
  }
})

test('a receiver that asks for a day is asked again after five minutes', async () => {
  const { batches, exporter, pass } = exporterOf([{ kind: 'later', why: 'busy', afterMs: 86_400_000 }])
  exporter.add([1])
  await pass(1000)
  await pass(299_999)
  assert.equal(batches.length, 1)
  await pass(1)
  assert.equal(batches.length, 2)
})

test('a batch that is tried in vain gives way at the tenth try, where others need its room', async () => {
  const { exporter, pass, told } = exporterOf(
    Array.from({ length: 10 }, () => AWAY),
    { queueMax: 4, batchMax: 2 },
  )
  exporter.add([1, 1, 1, 1])
  for (let tries = 1; tries < 10; tries += 1) await pass(30_000)
  assert.equal(exporter.waiting, 4)
  await pass(30_000)
  assert.deepEqual([exporter.waiting, exporter.counters.dropped], [2, 2])
  await pass(30_000)
  await pass(30_000)
  assert.deepEqual(exporter.counters, { exported: 2, dropped: 2, refused: 0 })
  assert.deepEqual(told, ['later: away', 'dropped 2: away', 'again'])
})

test('where there is room a batch is tried for as long as it takes', async () => {
  const { exporter, pass } = exporterOf(Array.from({ length: 30 }, () => AWAY))
  exporter.add([1])
  for (let tries = 0; tries < 31; tries += 1) await pass(30_000)
  assert.deepEqual(exporter.counters, { exported: 1, dropped: 0, refused: 0 })
})

test('what a receiver refuses for good is counted, told once and not sent again', async () => {
  const { batches, exporter, pass, told } = exporterOf([NO, NO])
  exporter.add([1])
  await pass(1000)
  await pass(60_000)
  assert.deepEqual(batches, [[1]])
  exporter.add([2])
  await pass(1000)
  assert.deepEqual(exporter.counters, { exported: 0, dropped: 0, refused: 2 })
  assert.deepEqual(told, ['refused 1: no'])
  exporter.add([3])
  await pass(1000)
  assert.deepEqual(told, ['refused 1: no', 'again'])
})

test('a receiver that refuses and then is away is told as both, once', async () => {
  const { exporter, pass, told } = exporterOf([NO, AWAY, NO, AWAY, AWAY])
  for (let i = 0; i < 6; i += 1) {
    if (i < 4) exporter.add([1])
    await pass(60_000)
  }
  assert.equal(exporter.counters.exported, 1)
  assert.deepEqual(told, ['refused 1: no', 'later: away', 'again'])
})

test('what a receiver took a batch without is counted as refused, with its reason', async () => {
  const { exporter, pass, told } = exporterOf([{ kind: 'taken', rejected: 2, why: 'too old' }])
  exporter.add([1, 1, 1])
  await pass(1000)
  assert.deepEqual(exporter.counters, { exported: 1, dropped: 0, refused: 2 })
  assert.deepEqual(told, ['refused 2: too old'])
})

test('a stop sends what waits, in as many batches as it takes', async () => {
  const { batches, exporter, told, clock } = exporterOf([], { batchMax: 2 })
  exporter.add([1, 1, 1])
  await exporter.stop()
  assert.deepEqual(batches, [[1, 1], [1]])
  assert.deepEqual([told, clock.pending], [[], 0])
})

test('a stop counts as dropped what a receiver does not take then, and what comes after it', async () => {
  const { batches, exporter, told, clock } = exporterOf([AWAY])
  exporter.add([1])
  await exporter.stop()
  assert.deepEqual(exporter.counters, { exported: 0, dropped: 1, refused: 0 })
  assert.deepEqual(told, ['later: away', 'dropped 1: the process stops'])
  exporter.add([2])
  assert.deepEqual([exporter.counters.dropped, exporter.waiting, batches.length, clock.pending], [2, 0, 1, 0])
})

test('a stop does not wait for a receiver that hangs, and what it says later counts no record twice', async () => {
  const clock = new MemoryClock()
  const nothing = (): void => undefined
  const answer = Promise.withResolvers<Sent>()
  const exporter = new BatchExporter<number>({
    send: () => answer.promise,
    clock,
    random: { fill: nothing },
    news: { later: nothing, refused: nothing, dropped: nothing, again: nothing },
    queueMax: 10,
    weigh: () => 1,
    bytesMax: 10,
    batchMax: 10,
  })
  exporter.add([1])
  const stopped = exporter.stop()
  await settle()
  clock.advance(3000)
  await stopped
  assert.equal(exporter.counters.dropped, 1)
  answer.resolve(TAKEN)
  await settle()
  assert.deepEqual(exporter.counters, { exported: 0, dropped: 1, refused: 0 })
})

test('what is used of the queue is told by items or by bytes, whichever is nearer its limit', async () => {
  const { exporter, pass } = exporterOf([], { queueMax: 10, bytesMax: 100 })
  assert.equal(exporter.used, 0)
  exporter.add([1, 1, 1])
  assert.equal(exporter.used, 0.3)
  exporter.add([77])
  assert.equal(exporter.used, 0.8)
  await pass(1000)
  assert.equal(exporter.used, 0)
})
