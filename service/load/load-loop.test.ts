import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection, ConnectionEvents } from './connection.ts'
import { DuplicateCheck } from './duplicate-check.ts'
import type { LoadTime } from './lane.ts'
import { LoadLoop } from './load-loop.ts'
import type { ThreadPlan } from './load-plan.ts'
import { LoadStats, type StatsInterval } from './load-stats.ts'

/** Time that jumps from one thing to do to the next. */
class VirtualTime implements LoadTime {
  #nowMs = 1000
  readonly #todo: { readonly atMs: number; readonly what: () => void }[] = []

  now(): number {
    return this.#nowMs
  }

  later(ms: number, what: () => void): void {
    this.#todo.push({ atMs: this.#nowMs + ms, what })
  }

  soon(what: () => void): void {
    this.later(0, what)
  }

  /** Runs until `over` says so; what promises have to do is done in between. */
  async runUntil(over: () => boolean): Promise<void> {
    for (let steps = 0; !over(); steps += 1) {
      assert.ok(steps < 100_000, 'it never ends')
      this.#todo.sort((a, b) => a.atMs - b.atMs)
      const next = this.#todo.shift()
      if (next !== undefined) {
        this.#nowMs = Math.max(this.#nowMs, next.atMs)
        next.what()
      }
      await Promise.resolve()
    }
  }
}

/** Answers every request after `delayMs` with the next number; a script says otherwise. */
class ScriptedServer {
  readonly time = new VirtualTime()
  readonly asked: { readonly tag: number; readonly atMs: number }[] = []
  connects = 0
  /** What becomes of the n-th request; default: an ID after 1 ms. */
  answer: (n: number) => Reaction = () => ({ delayMs: 1 })
  #next = 0

  connect(events: ConnectionEvents): Promise<Connection> {
    this.connects += 1
    let open = true
    const ask = (from: number, count: number): number => {
      for (let k = from; k < from + count; k += 1) {
        const n = this.asked.length
        this.asked.push({ tag: k % 2, atMs: this.time.now() })
        const reaction = this.answer(n)
        this.time.later(reaction.delayMs, () => {
          if (!open) return
          events.received(10)
          if (reaction.lost !== undefined) {
            open = false
            events.lost('CONNECTION_LOST', 'gone', reaction.lost === 'orderly')
            return
          }
          for (let i = 0; i < (reaction.ids ?? 1); i += 1) events.numbers(0, reaction.id ?? this.#next++, 1)
          events.answered()
          events.settled()
        })
      }
      return count * 5
    }
    return Promise.resolve({ ask, close: () => (open = false) })
  }
}

interface Reaction {
  readonly delayMs: number
  readonly ids?: number
  readonly id?: number
  readonly lost?: 'orderly' | 'broken'
}

const PLAN: ThreadPlan = {
  target: { protocol: 'http', host: 'localhost', port: 1, tls: undefined },
  tags: ['a/b/c', 'a/b/d'],
  key: '',
  threads: 1,
  thread: 0,
  connections: 1,
  pipeline: 1,
  batch: 1,
  form: 'text',
  command: 'incr',
  rate: undefined,
  requests: undefined,
  durationMs: 100,
  warmUpMs: 0,
  check: true,
  spin: false,
}

async function runPlan(server: ScriptedServer, plan: Partial<ThreadPlan>): Promise<Outcome> {
  const whole = { ...PLAN, ...plan }
  const stats = new LoadStats()
  const check = new DuplicateCheck(whole.tags, 1024 * 1024)
  const lanes = {
    connects: Array.from(
      { length: whole.connections },
      () => (events: ConnectionEvents) => server.connect(events),
    ),
    depth: whole.pipeline,
    close: () => undefined,
  }
  const loop = new LoadLoop(whole, lanes, { time: server.time, stats, check })
  await loop.open()
  let end: { missed: number; ranMs: number } | undefined
  void loop.run().then((ended) => (end = ended))
  await server.time.runUntil(() => end !== undefined)
  loop.close()
  const [p50, max] = [stats.latency.quantileMs(0.5), stats.latency.maxMs]
  const delayMax = stats.delay.maxMs
  return {
    ...stats.drain(),
    p50,
    max,
    delayMax,
    missed: end?.missed ?? -1,
    ranMs: end?.ranMs ?? -1,
    duplicates: check.summary().duplicates,
  }
}

interface Outcome extends StatsInterval {
  readonly p50: number
  readonly max: number
  readonly delayMax: number
  readonly missed: number
  readonly ranMs: number
  readonly duplicates: number
}

test('a closed loop keeps as many under way as there is room for, tags in turn', async () => {
  const server = new ScriptedServer()
  server.answer = () => ({ delayMs: 10 })
  const outcome = await runPlan(server, { connections: 2, pipeline: 3, durationMs: 95 })
  assert.equal(outcome.answers, 10 * 6)
  assert.equal(outcome.p50, 10)
  assert.equal(outcome.bytesOut, 60 * 5)
  assert.equal(outcome.duplicates, 0)
  const firsts = server.asked.filter(({ tag }) => tag === 0).length
  assert.equal(firsts, 30)
})

test('a run ends with its time, or with the last answer where the requests ran out before', async () => {
  const server = new ScriptedServer()
  server.answer = () => ({ delayMs: 40 })
  const { ranMs } = await runPlan(server, { connections: 2, pipeline: 4, requests: 8, durationMs: 10_000 })
  assert.ok(ranMs >= 40 && ranMs < 45, `${ranMs} ms, or the rate would be that of sending`)
  const timed = await runPlan(server, { durationMs: 100 })
  assert.equal(Math.round(timed.ranMs), 100, 'what is answered after the time does not make it longer')
})

test('a stall of the server shows in all the requests whose moments passed meanwhile', async () => {
  const server = new ScriptedServer()
  server.answer = (n) => ({ delayMs: n === 10 ? 50 : 1 })
  const outcome = await runPlan(server, { rate: 500, durationMs: 200 })
  assert.equal(outcome.answers, 100)
  assert.equal(outcome.missed, 0)
  assert.ok(outcome.max >= 50)
  // Some 25 moments passed in the stall. A load that waits would have found one slow answer.
  assert.ok(outcome.latency.counts.length > 20, `${outcome.latency.counts.length} different latencies`)
  assert.ok(outcome.delayMax >= 45, 'and it was the wait before sending')
})

test('a rate beyond what the server can do is told as not reached', async () => {
  const server = new ScriptedServer()
  server.answer = () => ({ delayMs: 10 })
  const outcome = await runPlan(server, { rate: 1000, durationMs: 100 })
  assert.equal(outcome.answers + outcome.missed, 100)
  // One at each 10 ms, and one with the end.
  assert.equal(outcome.answers, 11)
})

test('after an orderly close what was not answered is sent again, and nothing failed', async () => {
  const server = new ScriptedServer()
  server.answer = (n) => (n === 4 ? { delayMs: 1, lost: 'orderly' } : { delayMs: 2 })
  const outcome = await runPlan(server, { pipeline: 3, requests: 20, durationMs: 10_000 })
  assert.equal(outcome.answers, 20)
  assert.deepEqual(outcome.errors, [])
  assert.equal(outcome.reconnects, 1)
  assert.ok(outcome.resent >= 1)
  assert.equal(server.connects, 2)
  assert.equal(server.asked.length, 20 + outcome.resent)
})

test('a server that answers one request and closes has lost what was sent again once', async () => {
  const server = new ScriptedServer()
  // One in four closes its connection instead, before what was sent behind it is answered.
  server.answer = (n) => (n % 4 === 1 ? { delayMs: 1, lost: 'orderly' } : { delayMs: 1 })
  const outcome = await runPlan(server, { pipeline: 4, requests: 12, durationMs: 10_000 })
  const lost = outcome.errors.reduce((sum, { count }) => sum + count, 0)
  assert.ok(lost > 0, JSON.stringify(outcome))
  assert.equal(outcome.answers + lost, 12, 'each is answered or lost')
  assert.ok(outcome.resent <= 12, `none is sent more than twice: ${outcome.resent}`)
  assert.deepEqual(
    outcome.errors.map(({ code }) => code),
    ['CONNECTION_LOST'],
  )
})

test('a server that closes again and again without an answer is left alone for a while each time but the first', async () => {
  const server = new ScriptedServer()
  server.answer = () => ({ delayMs: 0, lost: 'orderly' })
  const outcome = await runPlan(server, { durationMs: 1000 })
  assert.equal(outcome.answers, 0)
  // One at once, and one each 100 ms.
  assert.ok(server.connects <= 13, `${server.connects} connections in a second`)
})

test('a broken connection fails what was under way on it, and the load goes on', async () => {
  const server = new ScriptedServer()
  server.answer = (n) => (n === 2 ? { delayMs: 1, lost: 'broken' } : { delayMs: 5 })
  const outcome = await runPlan(server, { pipeline: 3, requests: 20, durationMs: 10_000 })
  assert.deepEqual(
    outcome.errors.map(({ code, count, example }) => ({ code, count, example })),
    [{ code: 'CONNECTION_LOST', count: 3, example: 'gone' }],
  )
  assert.equal(outcome.answers, 17)
})

test('an answer with another number of IDs than asked for is a failure', async () => {
  const server = new ScriptedServer()
  server.answer = (n) => ({ delayMs: 1, ids: n === 0 ? 2 : 1 })
  const outcome = await runPlan(server, { requests: 5 })
  assert.equal(outcome.answers, 4)
  assert.match(outcome.errors[0]?.example ?? '', /2 IDs where 1 were asked for/)
})

test('an ID that comes twice is found', async () => {
  const server = new ScriptedServer()
  server.answer = (n) => ({ delayMs: 1, ...(n === 2 ? { id: 0 } : {}) })
  assert.equal((await runPlan(server, { tags: ['a/b/c'], requests: 5 })).duplicates, 1)
})

test('what is never answered is waited for a limited time and told', async () => {
  const server = new ScriptedServer()
  server.answer = (n) => ({ delayMs: n === 3 ? 1e9 : 1 })
  const outcome = await runPlan(server, { pipeline: 2, requests: 4 })
  assert.equal(outcome.answers, 3)
  assert.deepEqual(
    outcome.errors.map(({ code, count }) => ({ code, count })),
    [{ code: 'UNANSWERED', count: 1 }],
  )
})
