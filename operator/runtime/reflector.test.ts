import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { KubeError } from './kube-client.ts'
import { ManualClock, settle } from './manual-clock.ts'
import { Reflector } from './reflector.ts'
import { ScriptedKube, THINGS, type Thing, thing } from './scripted-kube.ts'

/** A reflector of things on a server that lists `server.items`; random is always a half. */
function world(options: { onChange?: (key: string) => void; random?: number } = {}) {
  const kube = new ScriptedKube()
  const clock = new ManualClock()
  const told: string[] = []
  const failures: string[] = []
  const server = { items: [thing('a', '1')], version: '10' }
  kube.answer = () => ({ metadata: { resourceVersion: server.version }, items: server.items })
  const reflector = new Reflector<Thing>({
    client: kube,
    clock,
    random: () => options.random ?? 0.5,
    resource: THINGS,
    onChange: ({ type, key }) => {
      told.push(`${type} ${key}`)
      options.onChange?.(key)
    },
    watcher: {
      listed: () => {},
      watching: () => {},
      failed: (_kind, what, _thrown, ms) => failures.push(`${what} ${ms}`),
    },
  })
  return { kube, clock, told, failures, server, reflector }
}

describe('reflector', () => {
  test('it lists in pages, then watches from there with bookmarks and an end', async () => {
    const { kube, reflector, told } = world()
    kube.answer = ({ query }) =>
      query?.['continue'] === undefined
        ? { metadata: { resourceVersion: '10', continue: 'more' }, items: [thing('a', '1')] }
        : { metadata: { resourceVersion: '10' }, items: [thing('b', '2')] }
    reflector.start()
    await settle()
    assert.deepEqual(
      kube.sent.map(({ query }) => query),
      [{ limit: '500' }, { limit: '500', continue: 'more' }],
    )
    assert.deepEqual(told, ['added ns/a', 'added ns/b'])
    assert.equal(reflector.state, 'watching')
    assert.ok(reflector.synced)
    assert.deepEqual(kube.current.request.query, {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: '10',
      timeoutSeconds: '450',
    })
    await reflector.stop()
  })

  test('of each page only what is kept lies in memory while the next is read', async () => {
    const kept: string[] = []
    const kube = new ScriptedKube()
    const seen: string[][] = []
    kube.answer = ({ query }) => {
      seen.push([...kept])
      return query?.['continue'] === undefined
        ? { metadata: { resourceVersion: '10', continue: 'more' }, items: [thing('a', '1')] }
        : { metadata: { resourceVersion: '10' }, items: [thing('b', '2')] }
    }
    const slim = ({ apiVersion, kind, metadata }: Thing): Thing => {
      kept.push(metadata.name)
      return { apiVersion, kind, metadata }
    }
    const base = { client: kube, clock: new ManualClock(), random: () => 0.5, resource: THINGS }
    const reflector = new Reflector<Thing>({ ...base, slim, onChange: () => {} })
    reflector.start()
    await settle()
    assert.deepEqual(seen, [[], ['a']])
    assert.equal(reflector.store.get('ns/b')?.spec, undefined)
    await reflector.stop()
  })

  test('events change the store and are told', async () => {
    const { kube, reflector, told } = world()
    reflector.start()
    await settle()
    kube.current.send('ADDED', thing('b', '11'))
    kube.current.send('MODIFIED', thing('a', '12', { size: 7 }))
    kube.current.send('DELETED', thing('b', '13'))
    await settle()
    assert.deepEqual(told, ['added ns/a', 'added ns/b', 'updated ns/a', 'deleted ns/b'])
    assert.equal(reflector.store.get('ns/a')?.spec?.size, 7)
    assert.equal(reflector.store.size, 1)
    await reflector.stop()
  })

  test('a watch that is torn goes on from the last bookmark after a jittered wait', async () => {
    const { kube, clock, reflector, failures } = world()
    reflector.start()
    await settle()
    kube.current.send('BOOKMARK', thing('', '20'))
    await settle()
    kube.current.fail(new Error('terminated'))
    await settle()
    assert.equal(reflector.state, 'backing-off')
    await clock.advance(400)
    assert.equal(kube.current.request.query?.['resourceVersion'], '20')
    assert.equal(kube.sent.length, 1)
    assert.deepEqual(failures, ['watch 400'])
    await reflector.stop()
  })

  test('failures in a row double the wait to 30 s, and a watch that lived ends that', async () => {
    const { kube, clock, reflector, failures } = world({ random: 0.999 })
    kube.onWatch = (watch) => watch.fail(new Error('refused'))
    reflector.start()
    await clock.advance(120_000)
    const waits = failures.map((each) => Number(each.split(' ')[1]))
    assert.ok(waits.slice(0, 6).every((ms, i) => ms > 0.9 * 800 * 2 ** i && ms < 800 * 2 ** i))
    assert.ok(Math.max(...waits) <= 30_000)
    kube.onWatch = () => {}
    await clock.advance(30_000)
    await clock.advance(11_000)
    failures.length = 0
    kube.current.fail(new Error('torn'))
    await settle()
    assert.ok(Number(failures[0]?.split(' ')[1]) < 800)
    await reflector.stop()
  })

  test('Retry-After is waited at least', async () => {
    const { kube, clock, reflector, failures } = world()
    let refusals = 0
    kube.answer = () => {
      refusals += 1
      if (refusals === 1) throw new KubeError('too many', 429, { retryAfterMs: 7000 })
      return { metadata: { resourceVersion: '10' }, items: [] }
    }
    reflector.start()
    await clock.advance(7000)
    assert.deepEqual(failures, ['list 7400'])
    assert.equal(reflector.synced, false)
    await clock.advance(400)
    assert.equal(reflector.synced, true)
    await reflector.stop()
  })

  test('a place in the history that is gone means a new list, in the stream and as an answer', async () => {
    const { kube, clock, reflector, told, server } = world()
    reflector.start()
    await clock.advance(20_000)
    server.items = [thing('a', '1', { uid: 'new' })]
    kube.current.send('ERROR', { code: 410, reason: 'Expired', message: 'too old resource version' })
    await settle()
    assert.deepEqual(told, ['added ns/a', 'deleted ns/a', 'added ns/a'])
    assert.equal(kube.sent.length, 2)
    kube.onWatch = (watch) => {
      if (kube.watches.length === 3) watch.fail(new KubeError('gone', 410))
    }
    kube.current.end()
    await clock.advance(5000)
    assert.equal(kube.sent.length, 3)
    assert.equal(reflector.state, 'watching')
    await reflector.stop()
  })

  test('a server that forgets everything at once is not listed without a pause', async () => {
    const { kube, clock, reflector } = world()
    kube.onWatch = (watch) => watch.fail(new KubeError('gone', 410))
    reflector.start()
    await clock.advance(60_000)
    assert.ok(kube.sent.length < 12, String(kube.sent.length))
    await reflector.stop()
  })

  test('a watch that the server ends goes on at once, unless it ends all of them at once', async () => {
    const { kube, clock, reflector, failures } = world()
    reflector.start()
    await clock.advance(60_000)
    kube.current.end()
    await settle()
    assert.equal(kube.watches.length, 2)
    assert.equal(reflector.state, 'watching')
    kube.current.end()
    await settle()
    assert.equal(reflector.state, 'backing-off')
    assert.deepEqual(failures, [])
    await reflector.stop()
  })

  test('a silent connection is dropped and made anew', async () => {
    const { kube, clock, reflector, failures } = world()
    reflector.start()
    await clock.advance(60_000)
    kube.current.send('BOOKMARK', thing('', '20'))
    await clock.advance(89_000)
    assert.equal(kube.watches.length, 1)
    await clock.advance(1000)
    assert.ok(kube.watches[0]?.closed)
    await clock.advance(400)
    assert.equal(kube.watches.length, 2)
    assert.deepEqual(failures, ['watch 400'])
    await reflector.stop()
  })

  test('every ten minutes or so everything is listed, and what is as it was is told as such', async () => {
    const { kube, clock, reflector, told } = world()
    reflector.start()
    for (let minute = 0; minute < 10; minute += 1) {
      assert.equal(kube.sent.length, 1)
      await clock.advance(60_000)
      if (minute < 9) kube.current.send('BOOKMARK', thing('', '20'))
    }
    assert.equal(kube.sent.length, 2)
    assert.deepEqual(told, ['added ns/a', 'resynced ns/a'])
    assert.equal(kube.watches[0]?.closed, true)
    await reflector.stop()
  })

  test('starting twice is starting once, and a stop ends all of it', async () => {
    const { kube, clock, reflector, told } = world()
    reflector.start()
    reflector.start()
    await settle()
    assert.equal(kube.watches.length, 1)
    await reflector.stop()
    assert.ok(kube.current.closed)
    assert.equal(clock.pending, 0)
    kube.current.send('ADDED', thing('late', '99'))
    await clock.advance(3_600_000)
    assert.deepEqual(told, ['added ns/a'])
    assert.equal(kube.watches.length, 1)
    assert.equal(reflector.state, 'stopped')
  })

  test('nothing revives what was stopped while it waited to connect again', async () => {
    const { kube, clock, reflector } = world()
    kube.onWatch = (watch) => watch.fail(new Error('refused'))
    reflector.start()
    await settle()
    assert.equal(reflector.state, 'backing-off')
    await reflector.stop()
    await clock.advance(3_600_000)
    assert.equal(kube.watches.length, 1)
    assert.equal(kube.sent.length, 1)
  })

  test('nothing revives what was stopped while it listed', async () => {
    const { kube, clock, reflector, told } = world()
    const list = Promise.withResolvers<object>()
    kube.answer = () => list.promise
    reflector.start()
    await settle()
    const stopped = reflector.stop()
    list.resolve({ metadata: { resourceVersion: '1' }, items: [thing('a', '1')] })
    await stopped
    await clock.advance(3_600_000)
    assert.deepEqual(told, [])
    assert.equal(kube.watches.length, 0)
  })

  test('a list that comes after the stop all the same changes nothing', async () => {
    const { kube, reflector, told } = world()
    const list = Promise.withResolvers<object>()
    // A client that does not hear of the abort.
    kube.send = async <T>() => (await list.promise) as T
    reflector.start()
    const stopped = reflector.stop()
    list.resolve({ metadata: { resourceVersion: '1' }, items: [thing('a', '1')] })
    await stopped
    assert.deepEqual(told, [])
    assert.equal(reflector.synced, false)
    assert.equal(kube.watches.length, 0)
  })

  test('a new start after a stop has one watch', async () => {
    const { kube, reflector } = world()
    reflector.start()
    await settle()
    await reflector.stop()
    reflector.start()
    await reflector.whenSynced()
    await settle()
    assert.deepEqual(
      kube.watches.map(({ closed }) => closed),
      [true, false],
    )
    await reflector.stop()
  })

  test('a handler that throws is reported, and the next change is told', async () => {
    const { kube, reflector, failures, told } = world({
      onChange: (key) => {
        if (key === 'ns/bad') throw new Error('handler')
      },
    })
    reflector.start()
    await settle()
    kube.current.send('ADDED', thing('bad', '11'))
    kube.current.send('ADDED', thing('good', '12'))
    await settle()
    assert.deepEqual(failures, ['handler 0'])
    assert.deepEqual(told, ['added ns/a', 'added ns/bad', 'added ns/good'])
    assert.equal(reflector.state, 'watching')
    await reflector.stop()
  })

  test('a list whose pages have become too old is read in one page', async () => {
    const { kube, reflector, told } = world()
    kube.answer = ({ query }) => {
      if (query?.['continue'] !== undefined) throw new KubeError('expired', 410)
      const more = query?.['limit'] === undefined ? {} : { continue: 'more' }
      return { metadata: { resourceVersion: '10', ...more }, items: [thing('a', '1')] }
    }
    reflector.start()
    await settle()
    assert.deepEqual(kube.sent.at(-1)?.query, {})
    assert.deepEqual(told, ['added ns/a'])
    await reflector.stop()
  })

  test('managed fields are not kept', async () => {
    const { server, reflector } = world()
    const { metadata, ...rest } = thing('a', '1')
    server.items = [{ ...rest, metadata: { ...metadata, managedFields: [{ manager: 'x' }] } }]
    reflector.start()
    await settle()
    assert.equal(reflector.store.get('ns/a')?.metadata.managedFields, undefined)
    await reflector.stop()
  })
})
