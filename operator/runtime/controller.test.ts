import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Controller, type Reconcile, TerminalError } from './controller.ts'
import { ManualClock } from './manual-clock.ts'
import { RuntimeMetrics } from './metrics.ts'
import { keptLog } from './scripted-kube.ts'

function started(reconcile: Reconcile, { workers = 2, timeoutMs = 60_000 } = {}) {
  const clock = new ManualClock()
  const metrics = new RuntimeMetrics()
  const { log, lines } = keptLog()
  const controller = new Controller({ name: 'things', clock, metrics, log, reconcile, workers, timeoutMs })
  controller.start()
  return { clock, metrics, lines, controller }
}

async function metric(metrics: RuntimeMetrics, line: string): Promise<number> {
  const { text } = await metrics.scrape()
  const found = text.split('\n').find((each) => each.startsWith(`${line} `))
  return Number(found?.slice(line.length + 1) ?? Number.NaN)
}

describe('controller', () => {
  test('a key is never reconciled twice at a time, and comes again when it changed meanwhile', async () => {
    let running = 0
    const most: number[] = []
    const { clock, controller } = started(async () => {
      running += 1
      most.push(running)
      await new Promise<void>((resolve) => clock.after(100, resolve))
      running -= 1
      return undefined
    })
    controller.enqueue('a')
    await clock.advance(10)
    controller.enqueue('a')
    await clock.advance(500)
    assert.deepEqual(most, [1, 1])
    await controller.stop()
  })

  test('what fails is tried again, what succeeds is not', async () => {
    const tries: string[] = []
    const { clock, controller, metrics, lines } = started(async (key) => {
      tries.push(key)
      if (key === 'bad' && tries.length < 4) throw new Error('not yet')
      return undefined
    })
    controller.enqueue('bad')
    await clock.advance(60_000)
    assert.deepEqual(tries, ['bad', 'bad', 'bad', 'bad'])
    assert.equal(await metric(metrics, 'controller_runtime_reconcile_errors_total{controller="things"}'), 3)
    assert.equal(
      await metric(metrics, 'controller_runtime_reconcile_total{controller="things",result="success"}'),
      1,
    )
    assert.equal(await metric(metrics, 'workqueue_retries_total{name="things"}'), 3)
    assert.deepEqual(lines, Array(3).fill('reconcile failed and is tried again'))
    await controller.stop()
  })

  test('a terminal failure is not tried again before something changes', async () => {
    let tries = 0
    const { clock, controller, metrics } = started(async () => {
      tries += 1
      throw new TerminalError('the spec makes no sense')
    })
    controller.enqueue('a')
    await clock.advance(3_600_000)
    assert.equal(tries, 1)
    controller.enqueue('a')
    await clock.advance(1)
    assert.equal(tries, 2)
    assert.equal(
      await metric(metrics, 'controller_runtime_terminal_reconcile_errors_total{controller="things"}'),
      2,
    )
    await controller.stop()
  })

  test('what asks to come again comes at that time', async () => {
    const atMs: number[] = []
    const { clock, controller } = started(async () => {
      atMs.push(clock.monotonicMs())
      return { requeueAfterMs: 30_000 }
    })
    controller.enqueue('a')
    await clock.advance(65_000)
    assert.deepEqual(atMs, [0, 30_000, 60_000])
    await controller.stop()
    assert.equal(clock.pending, 0)
  })

  test('a reconcile that takes too long hears of it, and is counted', async () => {
    const { clock, controller, metrics } = started(
      async (_key, signal) =>
        await new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason)),
        ),
      { timeoutMs: 1000 },
    )
    controller.enqueue('a')
    await clock.advance(1001)
    assert.equal(await metric(metrics, 'controller_runtime_reconcile_timeouts_total{controller="things"}'), 1)
    await controller.stop()
  })

  test('a success forgets the failures before it', async () => {
    const atMs: number[] = []
    const { clock, controller } = started(async () => {
      atMs.push(clock.monotonicMs())
      if (atMs.length !== 4) throw new Error('not yet')
      return undefined
    })
    controller.enqueue('a')
    await clock.advance(1000)
    assert.deepEqual(atMs, [0, 5, 15, 35])
    controller.enqueue('a')
    await clock.advance(14)
    assert.deepEqual(atMs.slice(4), [1000, 1005])
    await controller.stop()
  })

  test('what the end of the process interrupts is no failure that people must read of', async () => {
    const { clock, controller, lines } = started(
      async (_key, signal) =>
        await new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason)),
        ),
    )
    controller.enqueue('a')
    await clock.advance(1)
    await controller.stop()
    assert.deepEqual(lines, [])
  })

  test('a programming error is counted as one, and others go on', async () => {
    const done: string[] = []
    const { clock, controller, metrics } = started(async (key) => {
      if (key === 'bug') throw new TypeError('undefined is not a function')
      done.push(key)
      return undefined
    })
    controller.enqueue('bug')
    controller.enqueue('fine')
    await clock.advance(1)
    assert.deepEqual(done, ['fine'])
    assert.ok((await metric(metrics, 'controller_runtime_reconcile_panics_total{controller="things"}')) >= 1)
    await controller.stop()
  })

  test('stopping waits for what runs, tells it, and starts nothing more', async () => {
    let ended = false
    let told = false
    const { clock, controller } = started(async (_key, signal) => {
      signal.addEventListener('abort', () => {
        told = true
      })
      await new Promise<void>((resolve) => clock.after(100, resolve))
      ended = true
      return undefined
    })
    controller.enqueue('a')
    await clock.advance(1)
    const stopped = controller.stop()
    controller.enqueue('b')
    assert.ok(told)
    assert.ok(!ended)
    await clock.advance(100)
    await stopped
    assert.ok(ended)
  })

  test('keys that come before the start are worked on after it', async () => {
    const seen: string[] = []
    const clock = new ManualClock()
    const controller = new Controller({
      name: 'things',
      clock,
      metrics: new RuntimeMetrics(),
      log: keptLog().log,
      reconcile: async (key) => {
        seen.push(key)
        return undefined
      },
    })
    controller.enqueue('a', 'low')
    await clock.advance(1000)
    assert.deepEqual(seen, [])
    controller.start()
    await clock.advance(1)
    assert.deepEqual(seen, ['a'])
    await controller.stop()
  })
})
