import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  both,
  deleteTag,
  inWorld,
  pathOf,
  putGenerator,
  putTag,
  type TestWorld,
} from '../../test/cluster/biz-tag-world.ts'
import { failure } from '../../test/cluster/memory-tag-service.ts'
import { BIZ_TAG } from '../api/kinds.ts'
import { BIZ_TAG_FINALIZER } from '../api/marks.ts'
import { conditionOf } from '../core/biz-tag-conditions.ts'

function conflicts({ kube }: TestWorld): number {
  return kube.refused.filter((text) => text.includes('409 the object has been modified')).length
}

describe('a BizTag is declared', () => {
  test('with a finalizer first, then a status that says everything at a glance', async () => {
    await inWorld(both, async (w) => {
      const tag = w.tag()
      assert.deepEqual(tag?.metadata.finalizers, [BIZ_TAG_FINALIZER])
      assert.equal(w.ready(), 'True Ready')
      const { conditions, ...status } = tag?.status ?? {}
      assert.deepEqual(
        conditions?.map(({ type, status: is, reason, observedGeneration }) => [
          type,
          is,
          reason,
          observedGeneration,
        ]),
        [
          ['Ready', 'True', 'Ready', 1],
          ['Accepted', 'True', 'Declared', 1],
          ['SegmentsInitialized', 'True', 'Initialized', 1],
          ['CapacityAvailable', 'True', 'Available', 1],
        ],
      )
      assert.deepEqual(status, {
        observedGeneration: 1,
        path: 'shop/orders/invoice',
        algorithm: 'segment',
        tagId: '1',
        usedPercent: '0.0',
        datacenters: [{ id: 0, rangeStart: '1', rangeEnd: '4294967297', highWater: '1', usedPercent: '0.0' }],
      })
      assert.deepEqual(w.told(), ['invoice SegmentsInitialized'])
      assert.deepEqual(w.kube.writes, [
        `PATCH ${pathOf(BIZ_TAG, 'shop', 'invoice')}`,
        `PATCH ${pathOf(BIZ_TAG, 'shop', 'invoice')}/status`,
      ])
    })
  })

  test('as its owner, in this cluster, with what the IdGenerator gives for what it leaves out', async () => {
    await inWorld(
      (w) => {
        putGenerator(w, { spec: { defaults: { algorithm: 'snowflake', step: { base: 5 } } } })
        putTag(w, { displayName: 'Invoices', space: { dcCount: 1 } })
      },
      async (w) => {
        const tag = w.service.tags.get('shop/orders/invoice')
        assert.deepEqual(tag?.owner, {
          cluster: w.kube.objects.get('/api/v1/namespaces/kube-system')?.metadata.uid,
          namespace: 'shop',
          name: 'invoice',
          uid: w.tag()?.metadata.uid,
          createdAt: '2026-01-01T00:00:00Z',
        })
        assert.match(tag?.settings ?? '', /snowflake.*Invoices.*"step\.base":"5"/)
        assert.equal(w.condition('SegmentsInitialized')?.reason, 'NotNeeded')
      },
    )
  })

  test('once: what does not change asks nobody and writes nothing, over an hour of resyncs', async () => {
    await inWorld(both, async (w) => {
      const { length } = w.kube.asked
      const calls = w.service.calls.length
      for (let minute = 0; minute < 60; minute += 1) await w.settle(60_000)
      assert.equal(w.kube.asked.length, length)
      const since = w.service.calls.slice(calls).map((call) => call.split(' ')[0])
      assert.deepEqual([...new Set(since)], ['list'])
    })
  })

  test('once also while the cache does not show yet what was written', async () => {
    await inWorld(putGenerator, async (w) => {
      putTag(w)
      w.watches.held = true
      await w.settle(100)
      assert.equal(w.ready(), 'True Ready')
      const { length } = w.kube.asked
      const calls = w.service.calls.length
      // Has all its tags looked at again.
      putGenerator(w, { spec: { allowedNamespaces: { from: 'All' } } })
      await w.settle(1000)
      w.watches.release()
      await w.settle(1000)
      assert.equal(w.kube.asked.length, length)
      assert.equal(w.service.calls.length, calls)
      assert.deepEqual(w.lines, [])
    })
  })

  test('a status is written only on the state that it is about', async () => {
    await inWorld(both, async (w) => {
      let late = true
      w.kube.before = ({ path }) => {
        if (!late || !path.endsWith('/status')) return
        late = false
        putTag(w, { algorithm: 'snowflake' }, { annotations: { touched: 'yes' } })
      }
      putTag(w, { algorithm: 'snowflake' })
      await w.settle(1000)
      assert.equal(late, false)
      assert.equal(w.tag()?.status?.algorithm, 'snowflake')
      assert.deepEqual(w.lines, [])
      assert.equal(conflicts(w), 1)
      const statuses = w.kube.writes.filter((write) => write.endsWith('/status'))
      assert.equal(statuses.length, 2)
    })
  })

  test('again when spec or the defaults change, and not for changes of replicas', async () => {
    await inWorld(both, async (w) => {
      putTag(w, { displayName: 'Bills' })
      await w.settle(1000)
      assert.equal(w.service.tags.get('shop/orders/invoice')?.generation, 2)
      assert.equal(w.tag()?.status?.observedGeneration, 2)
      putGenerator(w, { spec: { replicas: 5 } })
      await w.settle(1000)
      const declares = (): number => w.service.calls.filter((call) => call.startsWith('declare')).length
      assert.equal(declares(), 2)
      putGenerator(w, { spec: { defaults: { algorithm: 'uuid-v7' } } })
      await w.settle(1000)
      assert.equal(declares(), 3)
      assert.equal(w.tag()?.status?.algorithm, 'uuid-v7')
    })
  })

  test('only when the IdGenerator is there, available and willing, and the status says what is missing', async () => {
    await inWorld(
      (w) => putTag(w),
      async (w) => {
        assert.equal(w.ready(), 'False GeneratorNotFound')
        assert.equal(w.condition('Reconciling')?.status, 'True')
        putGenerator(w, { available: false })
        await w.settle(1000)
        assert.equal(w.ready(), 'False GeneratorNotReady')
        assert.equal(w.tag()?.metadata.finalizers, undefined)
        assert.deepEqual(w.service.calls, [])
        putGenerator(w)
        await w.settle(1000)
        assert.equal(w.ready(), 'True Ready')
        assert.equal(w.condition('Reconciling'), undefined)
        assert.deepEqual(w.told(), [
          'invoice GeneratorNotFound',
          'invoice GeneratorNotReady',
          'invoice SegmentsInitialized',
        ])
      },
    )
  })

  test('what is ready stays ready while pods are away, and nothing is done when suspended', async () => {
    await inWorld(both, async (w) => {
      const { length } = w.kube.writes
      putGenerator(w, { available: false })
      await w.settle(1000)
      putGenerator(w, { spec: { suspend: true } })
      await w.settle(1000)
      putTag(w, { displayName: 'Bills' })
      await w.settle(60_000)
      assert.equal(w.kube.writes.length, length)
      putGenerator(w)
      await w.settle(1000)
      assert.equal(w.tag()?.status?.observedGeneration, 2)
    })
  })
})

describe('an IdGenerator of another namespace', () => {
  const foreign = { generatorRef: { name: 'ids', namespace: 'shop' } }

  test('is refused unless it permits the namespace, and taken when it does', async () => {
    await inWorld(
      (w) => {
        w.kube.put('/api/v1/namespaces/team', { metadata: { name: 'team', labels: { ids: 'no' } } })
        putGenerator(w)
        putTag(w, foreign, { namespace: 'team' })
      },
      async (w) => {
        const reason = (): string | undefined =>
          conditionOf(w.tag('invoice', 'team')?.status?.conditions, 'Ready')?.reason
        assert.equal(reason(), 'NamespaceNotAllowed')
        putGenerator(w, { spec: { allowedNamespaces: { from: 'Selector', selector: { ids: 'yes' } } } })
        await w.settle(1000)
        assert.equal(reason(), 'NamespaceNotAllowed')
        w.kube.put('/api/v1/namespaces/team', { metadata: { name: 'team', labels: { ids: 'yes' } } })
        await w.settle(120_000)
        assert.equal(reason(), 'Ready')
        putGenerator(w, { spec: { allowedNamespaces: { from: 'All' } } })
        await w.settle(1000)
        assert.equal(reason(), 'Ready')
        const only = (workspace: string) => {
          const workspaces = [{ namespace: 'team', workspaces: [workspace] }]
          putGenerator(w, { spec: { allowedNamespaces: { from: 'All', workspaces } } })
        }
        only('pay')
        await w.settle(1000)
        assert.equal(reason(), 'WorkspaceNotAllowed')
        const said = conditionOf(w.tag('invoice', 'team')?.status?.conditions, 'Ready')?.message ?? ''
        assert.match(said, /in the workspaces pay, and not in "shop".*allowedNamespaces.workspaces/)
        assert.ok(w.told().includes('invoice WorkspaceNotAllowed'))
        only('shop')
        await w.settle(1000)
        assert.equal(reason(), 'Ready')
      },
    )
  })
})

describe('two BizTags claim one tag', () => {
  test('the second names the first, and takes over when it is deleted', async () => {
    await inWorld(
      (w) => {
        both(w)
      },
      async (w) => {
        putTag(w, {}, { name: 'second' })
        await w.settle(1000)
        assert.equal(w.ready('second'), 'False TagAlreadyClaimed')
        assert.match(w.condition('Ready', 'second')?.message ?? '', /belongs to BizTag shop\/invoice\. /)
        assert.equal(w.condition('Stalled', 'second')?.reason, 'TagAlreadyClaimed')
        w.service.grant('shop/orders/invoice', 1000)
        deleteTag(w)
        await w.settle(100)
        assert.equal(w.tag(), undefined)
        assert.equal(w.ready('second'), 'True Ready')
        assert.equal(w.tag('second')?.status?.datacenters?.[0]?.highWater, '1001')
        assert.deepEqual(w.told(), [
          'invoice SegmentsInitialized',
          'second TagAlreadyClaimed',
          'invoice DataRetained',
          'second SegmentsInitialized',
        ])
      },
    )
  })

  test('an owner that is gone without a word is taken over from, one of another cluster or namespace is not', async () => {
    const claim = (w: TestWorld, owner: object): void => {
      const path = { workspace: 'shop', group: 'orders', tag: 'invoice' }
      const uid = w.kube.objects.get('/api/v1/namespaces/kube-system')?.metadata.uid ?? ''
      const base = {
        cluster: uid,
        namespace: 'shop',
        name: 'gone',
        uid: 'old',
        createdAt: '2020-01-01T00:00:00Z',
      }
      void w.service.declare(
        path,
        { owner: { ...base, ...owner }, generation: 1, spec: {} },
        AbortSignal.any([]),
      )
    }
    const outcome = async (owner: object, watchNamespaces: string[] = []): Promise<string> => {
      let ready = ''
      await inWorld(
        (w) => {
          both(w)
          claim(w, owner)
        },
        async (w) => {
          ready = w.ready()
          if (ready === 'True Ready') assert.ok(w.told().includes('invoice TagTakenOver'))
        },
        { watchNamespaces },
      )
      return ready
    }
    assert.equal(await outcome({}), 'True Ready')
    assert.equal(await outcome({ cluster: 'another' }), 'False TagAlreadyClaimed')
    assert.equal(await outcome({ namespace: 'far' }), 'True Ready')
    assert.equal(await outcome({ namespace: 'far' }, ['shop']), 'False TagAlreadyClaimed')
  })

  test('it is looked at again every minute, in case nobody tells of the end of the other', async () => {
    await inWorld(
      (w) => {
        both(w)
        const owner = {
          cluster: 'far',
          namespace: 'n',
          name: 'x',
          uid: 'u',
          createdAt: '2020-01-01T00:00:00Z',
        }
        const path = { workspace: 'shop', group: 'orders', tag: 'invoice' }
        void w.service.declare(path, { owner, generation: 1, spec: {} }, AbortSignal.any([]))
      },
      async (w) => {
        assert.equal(w.ready(), 'False TagAlreadyClaimed')
        assert.match(w.condition('Ready')?.message ?? '', /of another cluster \(far\)/)
        const tag = w.service.tags.get('shop/orders/invoice')
        if (tag !== undefined) tag.owner = undefined
        await w.settle(120_000)
        assert.equal(w.ready(), 'True Ready')
      },
    )
  })
})

describe('what the service refuses', () => {
  test('a bad spec is told and not tried again before something changes', async () => {
    await inWorld(
      (w) => {
        putGenerator(w)
        putTag(w, { step: { min: 9, max: 3 } })
      },
      async (w) => {
        assert.equal(w.ready(), 'False SpecInvalid')
        assert.match(w.condition('Stalled')?.message ?? '', /step\.min/)
        const calls = (): number => w.service.calls.filter((call) => call.startsWith('declare')).length
        for (let turn = 0; turn < 30; turn += 1) await w.settle(60_000)
        assert.equal(calls(), 1)
        putTag(w, { step: { min: 3, max: 9 } })
        await w.settle(1000)
        assert.equal(w.ready(), 'True Ready')
        assert.equal(w.condition('Stalled'), undefined)
      },
    )
  })

  test('a newer state in the service than in the cluster is told as such', async () => {
    await inWorld(both, async (w) => {
      const tag = w.service.tags.get('shop/orders/invoice')
      if (tag !== undefined) tag.generation = 9
      putTag(w, { displayName: 'Bills' })
      await w.settle(1000)
      assert.equal(w.ready(), 'False Stale')
      assert.equal(tag?.settings.includes('Bills'), false)
      // idgen tag release: nobody tells of it.
      if (tag !== undefined) tag.owner = undefined
      await w.settle(600_000)
      assert.equal(w.ready(), 'True Ready')
      assert.equal(tag?.settings.includes('Bills'), true)
    })
  })

  test('a service that lacks its database is asked again, after what it asks for', async () => {
    await inWorld(
      (w) => {
        both(w)
        w.service.before = (call) => {
          if (call.startsWith('declare'))
            throw failure(503, 'IDGEN_STORE_UNAVAILABLE', 'The database is away.', 8000)
        }
      },
      async (w) => {
        await w.settle(1000)
        assert.equal(w.ready(), 'False ServiceUnavailable')
        const { length } = w.service.calls
        await w.settle(7000)
        assert.equal(w.service.calls.length, length)
        w.service.before = () => {}
        await w.settle(10_000)
        assert.equal(w.ready(), 'True Ready')
      },
    )
  })
})
