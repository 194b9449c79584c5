import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PassOn } from './pass-on.ts'

test('each question gets its own answer, in whatever order they come', async () => {
  const posted: number[] = []
  const passOn = new PassOn(({ number }) => posted.push(number))
  const answers = ['a', 'b', 'c'].map((question) => passOn.ask('http', question))
  for (const number of posted.toReversed()) passOn.receive({ kind: 'answered', number, answer: number * 10 })
  assert.deepEqual(await Promise.all(answers), [10, 20, 30])
})

test('beyond a hundred that wait the next one is refused, until one is answered', () => {
  const posted: number[] = []
  const passOn = new PassOn(({ number }) => posted.push(number))
  for (let asked = 0; asked < 100; asked += 1) void passOn.ask('http', asked)
  assert.throws(() => passOn.ask('http', 'more'), { code: 'IDGEN_OVERLOADED', retryAfterMs: 1000 })
  passOn.receive({ kind: 'answered', number: posted[0] ?? 0, answer: undefined })
  void passOn.ask('http', 'more')
  assert.equal(posted.length, 101)
})

test('requests that wait do not keep what is asked under another name', () => {
  const posted: string[] = []
  const passOn = new PassOn(({ name }) => posted.push(name))
  for (let asked = 0; asked < 100; asked += 1) void passOn.ask('http', asked)
  void passOn.ask('ready', undefined)
  assert.equal(posted.at(-1), 'ready')
})

test('an answer that nobody waits for is let go', () => {
  new PassOn(() => undefined).receive({ kind: 'answered', number: 7, answer: 'late' })
})
