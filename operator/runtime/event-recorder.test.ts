import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EventRecorder } from './event-recorder.ts'
import { KubeError } from './kube-client.ts'
import { ManualClock } from './manual-clock.ts'
import { keptLog, ScriptedKube, thing } from './scripted-kube.ts'

function world() {
  const client = new ScriptedKube()
  const clock = new ManualClock()
  const results: string[] = []
  let id = 0
  const { log, lines } = keptLog()
  const recorder = new EventRecorder({
    client,
    clock,
    log,
    controller: 'example.com/operator',
    instance: 'pod-1',
    newId: () => {
      id += 1
      return `id${id}`
    },
    onResult: (result) => results.push(result),
  })
  const record = (reason: string, note = 'It happened.', name = 'a'): void =>
    recorder.record({ regarding: thing(name, '1'), type: 'Normal', reason, action: 'Apply', note })
  return { client, clock, results, lines, recorder, record }
}

function methods(client: ScriptedKube): string[] {
  return client.sent.map(({ method }) => method)
}

function body<T>(client: ScriptedKube, index: number): T {
  return client.sent[index]?.body as T
}

describe('event recorder', () => {
  test('an event names its object, its reason and its reporter', async () => {
    const { client, recorder, record } = world()
    record('Created')
    await recorder.flush()
    assert.equal(client.sent[0]?.path, '/apis/events.k8s.io/v1/namespaces/ns/events')
    assert.deepEqual(client.sent[0]?.body, {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'a.id1', namespace: 'ns' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'example.com/operator',
      reportingInstance: 'pod-1',
      action: 'Apply',
      reason: 'Created',
      type: 'Normal',
      note: 'It happened.',
      regarding: { apiVersion: 'example.com/v1', kind: 'Thing', name: 'a', uid: 'uid-a', namespace: 'ns' },
    })
  })

  test('one that repeats raises a count, at most once a minute', async () => {
    const { client, clock, recorder, record } = world()
    for (let second = 0; second < 150; second += 1) {
      record('Waiting')
      await clock.advance(1000)
    }
    assert.deepEqual(methods(client), ['POST', 'PATCH', 'PATCH'])
    assert.equal(client.sent[1]?.path, '/apis/events.k8s.io/v1/namespaces/ns/events/a.id1')
    assert.deepEqual(client.sent[1]?.body, {
      series: { count: 61, lastObservedTime: '2026-01-01T00:01:00.000000Z' },
    })
    await recorder.flush()
    assert.equal(body<{ series: { count: number } }>(client, 3).series.count, 150)
  })

  test('another text is another event', async () => {
    const { client, recorder, record } = world()
    record('Scaled', 'to 3')
    record('Scaled', 'to 5')
    await recorder.flush()
    assert.deepEqual(methods(client), ['POST', 'POST'])
  })

  test('after six quiet minutes the same event is a new one', async () => {
    const { client, clock, recorder, record } = world()
    record('Waiting')
    await clock.advance(360_000)
    record('Waiting')
    await recorder.flush()
    assert.deepEqual(methods(client), ['POST', 'POST'])
  })

  test('an event that the server has forgotten is made anew with its count', async () => {
    const { client, clock, recorder, record } = world()
    record('Waiting')
    await clock.advance(61_000)
    client.answer = ({ method }) => {
      if (method === 'PATCH') throw new KubeError('not found', 404)
      return {}
    }
    record('Waiting')
    await recorder.flush()
    assert.deepEqual(methods(client), ['POST', 'PATCH', 'POST'])
    assert.deepEqual(body<{ series: object }>(client, 2).series, {
      count: 2,
      lastObservedTime: '2026-01-01T00:01:01.000000Z',
    })
  })

  test('one object cannot flood the others out', async () => {
    const { client, clock, recorder, record, results } = world()
    for (let i = 0; i < 40; i += 1) record('Flapping', `number ${i}`)
    record('Created', 'fine', 'b')
    await recorder.flush()
    assert.equal(client.sent.length, 26)
    assert.equal(results.filter((each) => each === 'dropped').length, 15)
    await clock.advance(300_000)
    record('Flapping', 'later')
    await recorder.flush()
    assert.equal(client.sent.length, 27)
  })

  test('a server that refuses is reported, and disturbs nobody', async () => {
    const { client, recorder, record, results, lines } = world()
    client.answer = () => {
      throw new KubeError('forbidden', 403)
    }
    record('Created')
    record('Scaled')
    await recorder.flush()
    assert.deepEqual(results, ['failed', 'failed'])
    assert.equal(lines.length, 2)
    client.answer = () => ({})
    record('Deleted')
    await recorder.flush()
    assert.equal(results.at(-1), 'created')
  })

  test('a server that does not answer holds up no more than a thousand', async () => {
    const { client, record, results } = world()
    client.answer = () => new Promise(() => {})
    for (let i = 0; i < 1500; i += 1) record('Created', 'x', `n${i}`)
    assert.equal(results.filter((each) => each === 'dropped').length, 499)
  })

  test('a note that is too long for the server is cut between characters', async () => {
    const { client, recorder, record } = world()
    record('Long', 'ü'.repeat(1000))
    await recorder.flush()
    const { note } = body<{ note: string }>(client, 0)
    assert.ok(Buffer.byteLength(note) <= 1024)
    assert.match(note, /^ü+…$/)
  })
})
