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

test('one client has a quarter of the places, and others go on beside it', () => {
  const posted: number[] = []
  const refusals: string[] = []
  const passOn = new PassOn(
    ({ number }) => posted.push(number),
    (why) => refusals.push(why),
  )
  const refused = { code: 'IDGEN_OVERLOADED', retryAfterMs: 1000 }
  for (let asked = 0; asked < 25; asked += 1) void passOn.ask('http', asked, '192.0.2.1')
  assert.throws(() => passOn.ask('http', 'more', '192.0.2.1'), refused)
  // Of another client, over another protocol, and of the thread itself.
  void passOn.ask('http', 'other', '192.0.2.2')
  void passOn.ask('grpc', 'mine', '192.0.2.1')
  void passOn.ask('http', 'own')
  assert.equal(posted.length, 28)
  passOn.receive({ kind: 'answered', number: posted[0] ?? 0, answer: undefined })
  void passOn.ask('http', 'again', '192.0.2.1')
  assert.throws(() => passOn.ask('http', 'more', '192.0.2.1'), refused)
  assert.deepEqual(refusals, ['address', 'address'])
})

test('who filled all places is told apart from who filled their own', () => {
  const refusals: string[] = []
  const passOn = new PassOn(
    () => undefined,
    (why) => refusals.push(why),
  )
  for (let asked = 0; asked < 100; asked += 1) void passOn.ask('http', asked, `192.0.2.${asked % 4}`)
  assert.throws(() => passOn.ask('http', 'more', '192.0.2.9'), /100 requests of this thread wait/)
  assert.deepEqual(refusals, ['full'])
})
