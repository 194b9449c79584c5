import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isStatus } from '../../operator/runtime/kube-client.ts'
import { ManualClock, settle } from '../../operator/runtime/manual-clock.ts'
import {
  createConfigMap,
  deleteConfigMap,
  newNamespace,
  pause,
  until,
  watchedConfigMaps,
  watching,
} from './cluster-world.ts'
import { FaultProxy } from './fault-proxy.ts'
import { KubeApi } from './kube-api.ts'
import { missingPrograms } from './kube-programs.ts'

/**
 * What @kubernetes/client-node's informer does wrong, row by row (measured in version 2.0.1), and what our reflector
 * does instead, on a real kube-apiserver behind a proxy that spoils what the row says.
 */
const missing = missingPrograms('kube-apiserver')

// A group that is left out says nothing; a test says why.
if (missing !== undefined) test('watches on a real API server', { skip: missing }, () => {})

describe('watches on a real API server', { skip: missing !== undefined }, () => {
  let api: KubeApi
  let proxy: FaultProxy
  before(async () => {
    api = await KubeApi.start()
  })
  after(async () => await api.close())

  /** A namespace with one ConfigMap, and a reflector behind a proxy of its own; everything ends after `run`. */
  async function world(
    run: (world: Awaited<ReturnType<typeof opened>>) => Promise<void>,
    options: Parameters<typeof watchedConfigMaps>[2] = {},
  ): Promise<void> {
    const it = await opened(options)
    try {
      await run(it)
    } finally {
      await it.reflector.stop()
      await proxy.close()
    }
  }

  async function opened(options: Parameters<typeof watchedConfigMaps>[2]) {
    proxy = await FaultProxy.start(api)
    const direct = api.client()
    const namespace = await newNamespace(direct)
    await createConfigMap(direct, namespace, 'first')
    return { direct, namespace, proxy, ...watchedConfigMaps(api.client(proxy.url), namespace, options) }
  }

  test('row 1: a reset in mid-watch loses nothing, and the watch goes on', async () =>
    await world(async ({ direct, namespace, reflector, told, failures }) => {
      reflector.start()
      await watching(proxy)
      proxy.resetWatches()
      await createConfigMap(direct, namespace, 'meanwhile')
      await until('the change in between is told', () => told().includes('added meanwhile'))
      await createConfigMap(direct, namespace, 'later')
      await until('a change after it is told', () => told().includes('added later'))
      assert.deepEqual(failures, ['watch'])
      assert.equal(proxy.requests.filter(({ watch }) => !watch).length, 1, 'it was not listed again')
    }))

  test('row 2: a list that answers 503 at the start is tried again', async () =>
    await world(async ({ reflector, told, failures }) => {
      let refused = 0
      proxy.fault = () => {
        refused += 1
        return refused <= 2 ? { kind: 'answer', status: 503 } : undefined
      }
      reflector.start()
      await until('it is listed', () => told().includes('added first'))
      assert.deepEqual(failures, ['list', 'list'])
    }))

  test('row 3: a watch that answers 403, 429 or 500 is tried again, not before Retry-After', async () =>
    await world(async ({ direct, namespace, reflector, told, failures, waits }) => {
      const faults = [{ status: 403 }, { status: 429, headers: { 'retry-after': '1' } }, { status: 500 }]
      proxy.fault = ({ watch }) => {
        const fault = watch ? faults.shift() : undefined
        return fault === undefined ? undefined : { kind: 'answer', ...fault }
      }
      reflector.start()
      await watching(proxy)
      assert.deepEqual(failures, ['watch', 'watch', 'watch'])
      assert.ok((waits[1] ?? 0) >= 1000)
      await createConfigMap(direct, namespace, 'later')
      await until('a change is told', () => told().includes('added later'))
    }))

  test('row 4: an event handler that throws ends neither the process nor the watch', async () => {
    const keys: string[] = []
    const failed: string[] = []
    await world(
      async ({ direct, namespace, reflector }) => {
        reflector.start()
        await watching(proxy)
        await createConfigMap(direct, namespace, 'bad')
        await createConfigMap(direct, namespace, 'good')
        await until('the next change is told', () => keys.some((key) => key.endsWith('/good')))
        assert.deepEqual(failed, ['handler'])
      },
      {
        onChange: ({ key }) => {
          if (key.endsWith('/bad')) throw new Error('a fault in a handler')
          keys.push(key)
        },
        watcher: { listed: () => {}, watching: () => {}, failed: (_kind, what) => failed.push(what) },
      },
    )
  })

  test('row 5: a watch that the server closes without events is open again within a second or two', async () =>
    await world(async ({ direct, namespace, reflector, told, failures }) => {
      reflector.start()
      for (let i = 0; i < 3; i += 1) {
        await watching(proxy)
        proxy.endWatches()
        await until('it is closed', () => proxy.openWatches === 0)
      }
      await createConfigMap(direct, namespace, 'later')
      await until('a change is told', () => told().includes('added later'), 10_000)
      assert.deepEqual(failures, [], 'a clean end is no failure')
    }))

  test('row 6: a deliberate stop is no failure', async () =>
    await world(async ({ reflector, failures }) => {
      reflector.start()
      await watching(proxy)
      await reflector.stop()
      await until('the watch is closed', () => proxy.openWatches === 0)
      assert.deepEqual(failures, [])
      assert.equal(reflector.state, 'stopped')
    }))

  test('row 7: a stop during the back-off opens no watch afterwards', async () =>
    await world(async ({ reflector }) => {
      proxy.fault = ({ watch }) => (watch ? { kind: 'answer', status: 500 } : undefined)
      reflector.start()
      await until('it waits to try again', () => reflector.state === 'backing-off')
      await reflector.stop()
      proxy.fault = () => undefined
      proxy.clear()
      await pause(1500)
      assert.deepEqual(proxy.requests, [])
      assert.equal(reflector.state, 'stopped')
    }))

  test('row 8: two starts at once make one watch, and one stop ends it', async () =>
    await world(async ({ reflector }) => {
      reflector.start()
      reflector.start()
      await watching(proxy)
      assert.equal(proxy.watches().length, 1)
      await reflector.stop()
      await until('no watch is left', () => proxy.openWatches === 0)
    }))

  test('row 9: failures are followed by ever longer waits, and nothing revives what was stopped', async () => {
    const clock = new ManualClock()
    await world(
      async ({ reflector, waits }) => {
        proxy.fault = () => ({ kind: 'reset' })
        reflector.start()
        for (let failures = 1; failures <= 8; failures += 1) {
          await until('it fails', () => waits.length === failures)
          if (failures < 8) await clock.advance(waits.at(-1) ?? 0)
        }
        assert.deepEqual(
          waits.map((ms) => Math.round(ms / 0.9)),
          [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000],
        )
        await reflector.stop()
        proxy.clear()
        await clock.advance(600_000)
        assert.deepEqual(proxy.requests, [])
      },
      { clock, random: () => 0.9 },
    )
  })

  test('row 10: an object deleted and made anew behind a 410 is a deletion and an addition', async () =>
    await world(async ({ direct, namespace, reflector, told }) => {
      reflector.start()
      await watching(proxy)
      proxy.silenceWatches()
      await deleteConfigMap(direct, namespace, 'first')
      await createConfigMap(direct, namespace, 'first')
      proxy.inject({
        type: 'ERROR',
        object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' },
      })
      await until('the new one is told', () => told().length === 3)
      assert.deepEqual(told(), ['added first', 'deleted first', 'added first'])
      assert.equal(reflector.store.size, 1)
    }))

  test('row 10: a real server that was started anew no longer knows the place, and all is listed', async () => {
    const clock = new ManualClock()
    const thrown: unknown[] = []
    await world(
      async ({ direct, namespace, reflector, told }) => {
        reflector.start()
        await watching(proxy)
        proxy.silenceWatches()
        await deleteConfigMap(direct, namespace, 'first')
        await createConfigMap(direct, namespace, 'first')
        await api.restart()
        while (told().length < 3 && thrown.length < 20) {
          await clock.advance(10_000)
          await pause(20)
        }
        assert.deepEqual(told(), ['added first', 'deleted first', 'added first'])
        assert.ok(thrown.some((each) => isStatus(each, 410)))
      },
      { clock, watcher: { listed: () => {}, watching: () => {}, failed: (_k, _w, why) => thrown.push(why) } },
    )
  })

  test('row 11: lists come in pages, and watches ask for bookmarks and an end', async () =>
    await world(async ({ reflector, changes }) => {
      reflector.start()
      await watching(proxy)
      const [list, watch] = proxy.requests
      assert.equal(list?.query.get('limit'), '500')
      assert.equal(watch?.query.get('allowWatchBookmarks'), 'true')
      const seconds = Number(watch?.query.get('timeoutSeconds'))
      assert.ok(seconds >= 300 && seconds <= 600)
      assert.ok(
        Number(watch?.query.get('resourceVersion')) >= Number(changes[0]?.object.metadata.resourceVersion),
      )
    }))

  test('row 12: a connection that is silent is dropped, and what it held back is told', async () => {
    const clock = new ManualClock()
    await world(
      async ({ direct, namespace, reflector, told, failures }) => {
        reflector.start()
        await watching(proxy)
        proxy.silenceWatches()
        await createConfigMap(direct, namespace, 'unheard')
        await pause(200)
        await clock.advance(89_000)
        assert.deepEqual(told(), ['added first'])
        await clock.advance(1000)
        await until('it is dropped', () => failures.length === 1)
        await clock.advance(1000)
        await until('the change is told', () => told().includes('added unheard'))
        await settle()
      },
      { clock },
    )
  })

  test('row 12: a server that accepts a watch and never answers does not hold it up for ever', async () => {
    const clock = new ManualClock()
    await world(
      async ({ reflector, failures }) => {
        proxy.fault = ({ watch }) => (watch && proxy.watches().length === 1 ? { kind: 'silence' } : undefined)
        reflector.start()
        await until('the watch was asked for', () => proxy.watches().length === 1)
        await clock.advance(90_000)
        await until('it is given up', () => failures.length === 1)
        await clock.advance(1000)
        await watching(proxy)
      },
      { clock },
    )
  })

  test('5,000 objects from a slow server are complete, with what changed between the pages', async () =>
    await world(async ({ direct, namespace, reflector, told }) => {
      const names = Array.from({ length: 5000 }, (_, i) => `m${String(i).padStart(4, '0')}`)
      const todo = names.values()
      const writers = Array.from({ length: 32 }, async () => {
        for (const name of todo) await createConfigMap(direct, namespace, name)
      })
      await Promise.all(writers)
      let changed: Promise<unknown> | undefined
      proxy.fault = ({ query, watch }) => {
        // After the first page, at its beginning and at its end.
        if (query.has('continue'))
          changed ??= deleteConfigMap(direct, namespace, 'm0001').then(
            async () => await createConfigMap(direct, namespace, 'm9999'),
          )
        return watch ? undefined : { kind: 'delay', ms: 100 }
      }
      reflector.start()
      await until('everything is known', () => told().includes('added m9999'), 60_000)
      await changed
      await until('the deletion is known', () => told().includes('deleted m0001'))
      assert.equal(reflector.store.size, 5001)
      assert.equal(proxy.requests.filter(({ watch }) => !watch).length, 11)
    }))
})
