import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  both,
  inWorld,
  pathOf,
  putGenerator,
  putTag,
  type TestWorld,
} from '../../test/cluster/biz-tag-world.ts'
import { failure, noAnswer } from '../../test/cluster/memory-tag-service.ts'
import { ID_GENERATOR } from '../api/kinds.ts'

describe('a service that cannot be reached', () => {
  test('is probed for all tags together, and all are declared when it is back', async () => {
    await inWorld(
      (w) => {
        putGenerator(w)
        for (let n = 0; n < 50; n += 1) putTag(w, { tag: `t${n}` }, { name: `t${n}` })
        w.service.before = () => {
          throw noAnswer()
        }
      },
      async (w) => {
        assert.equal(w.ready('t7'), 'False ServiceUnreachable')
        await w.settle(300_000)
        // Eight workers met it at once; after them a probe every half minute at most.
        assert.ok(w.service.calls.filter((call) => call.startsWith('declare')).length <= 8)
        assert.ok(w.service.calls.filter((call) => call.startsWith('list')).length >= 9)
        w.service.before = () => {}
        await w.settle(31_000)
        for (let n = 0; n < 50; n += 1) assert.equal(w.ready(`t${n}`), 'True Ready')
      },
    )
  })

  test('lets the tags of another IdGenerator alone', async () => {
    await inWorld(
      (w) => {
        putGenerator(w)
        putGenerator(w, { name: 'other' })
        for (let n = 0; n < 20; n += 1) putTag(w, { tag: `t${n}` }, { name: `t${n}` })
        putTag(w, { generatorRef: { name: 'other' }, tag: 'well' }, { name: 'well' })
        w.service.before = async (call, signal) => {
          if (/declare .*\/t\d+$/.test(call))
            await new Promise((_resolve, reject) => {
              signal.addEventListener('abort', () => reject(noAnswer()))
              w.clock.after(5000, () => reject(noAnswer()))
            })
        }
      },
      async (w) => {
        await w.settle(6000)
        assert.equal(w.ready('well'), 'True Ready')
      },
    )
  })

  test('a key that was changed is read anew', async () => {
    await inWorld(
      (w) => {
        both(w)
        w.service.before = () => {
          throw failure(401, 'IDGEN_UNAUTHENTICATED', 'No valid key.')
        }
      },
      async (w) => {
        assert.equal(w.ready(), 'False ServiceUnreachable')
        assert.match(w.condition('Ready')?.message ?? '', /admin key/)
        w.service.before = () => {}
        await w.settle(31_000)
        assert.equal(w.ready(), 'True Ready')
      },
    )
  })

  test('an admin key with too little reach holds up the tags out of its reach, and no others', async () => {
    await inWorld(
      (w) => {
        both(w)
        putTag(w, { workspace: 'other' }, { name: 'other' })
        w.service.before = () => {
          throw noAnswer()
        }
      },
      async (w) => {
        assert.equal(w.ready(), 'False ServiceUnreachable')
        w.service.before = (call) => {
          if (!call.includes('shop/')) throw failure(403, 'IDGEN_FORBIDDEN', 'It is limited to shop.')
        }
        await w.settle(31_000)
        assert.equal(w.ready(), 'True Ready')
        assert.equal(w.ready('other'), 'False AdminKeyTooNarrow')
        assert.match(w.condition('Ready', 'other')?.message ?? '', /limited to shop.*adminKeySecret/)
        assert.match(w.lines.splice(0).join('\n'), /may not list its tags/)
        w.service.before = () => {}
        await w.settle(240_000)
        assert.equal(w.ready('other'), 'True Ready')
      },
    )
  })

  test('a Secret that is missing is named, and the tag is made when it comes', async () => {
    await inWorld(
      (w) => {
        both(w)
        w.kube.delete('/api/v1/namespaces/shop/secrets/ids-admin')
      },
      async (w) => {
        assert.equal(w.ready(), 'False GeneratorNotReady')
        assert.match(w.condition('Ready')?.message ?? '', /Secret shop\/ids-admin has no admin key/)
        putGenerator(w)
        await w.settle(31_000)
        assert.equal(w.ready(), 'True Ready')
      },
    )
  })
})

describe('what a look at the service shows', () => {
  test('is taken into the status when it matters', async () => {
    await inWorld(both, async (w) => {
      await w.settle(100_000)
      w.service.grant('shop/orders/invoice', 2 ** 32 * 0.05)
      await w.settle(220_000)
      assert.equal(w.tag()?.status?.usedPercent, '5.0')
      assert.deepEqual(w.started.totals('shop/ids'), { total: 1, ready: 1, usedPercent: '5.0' })
      w.service.grant('shop/orders/invoice', 1000)
      const { length } = w.kube.writes
      await w.settle(220_000)
      assert.equal(w.kube.writes.length, length)
      await w.settle(1_000_000)
      assert.equal(w.kube.writes.length, length + 1)
    })
  })

  test('above 80 % and at the end people are told', async () => {
    await inWorld(both, async (w) => {
      await w.settle(100_000)
      w.service.grant('shop/orders/invoice', 2 ** 32 * 0.85)
      await w.settle(220_000)
      assert.equal(w.condition('CapacityAvailable')?.reason, 'Above80Percent')
      assert.equal(w.ready(), 'True Ready')
      w.service.grant('shop/orders/invoice', 2 ** 32)
      await w.settle(220_000)
      assert.equal(w.condition('CapacityAvailable')?.reason, 'Exhausted')
      assert.deepEqual(w.told().slice(1), ['invoice CapacityLow', 'invoice CapacityExhausted'])
    })
  })

  test('a tag that has nothing but numbers is not ready when they are used up', async () => {
    await inWorld(
      (w) => {
        putGenerator(w)
        putTag(w, { chain: ['segment'] })
      },
      async (w) => {
        w.service.grant('shop/orders/invoice', 2 ** 32)
        await w.settle(60_000)
        assert.equal(w.ready(), 'False CapacityExhausted')
        assert.equal(w.condition('Accepted')?.status, 'True')
      },
    )
  })

  test('a database that went back is lifted above what was seen', async () => {
    await inWorld(both, async (w) => {
      await w.settle(100_000)
      w.service.grant('shop/orders/invoice', 2 ** 32 * 0.05)
      await w.settle(220_000)
      const seen = Number(w.tag()?.status?.datacenters?.[0]?.highWater)
      const tag = w.service.tags.get('shop/orders/invoice')
      if (tag !== undefined) tag.highWater = 10
      await w.settle(220_000)
      assert.equal(tag?.highWater, seen)
      assert.ok(w.told().includes('invoice NumbersAdvanced'))
    })
  })

  test('a setting that somebody changed past the BizTag is set back, and people are told which', async () => {
    await inWorld(
      (w) => {
        putGenerator(w)
        putTag(w, { step: { max: 5000 } })
      },
      async (w) => {
        await w.settle(100_000)
        const tag = w.service.tags.get('shop/orders/invoice')
        const declared = tag?.settings
        assert.match(declared ?? '', /"step\.max":"5000"/)
        if (tag !== undefined) tag.settings = tag.settings.replace('5000', '7')
        const { length } = w.kube.writes
        await w.settle(220_000)
        assert.equal(tag?.settings, declared)
        assert.ok(w.told().includes('invoice SettingsRestored'))
        assert.match(w.events.map(({ note }) => note).join(), /step\.max was 7 in place of 5000/)
        assert.equal(w.kube.writes.length, length)
        const calls = w.service.calls.length
        await w.settle(500_000)
        assert.ok(w.service.calls.slice(calls).every((call) => call.startsWith('list')))
      },
    )
  })

  test('a service of another version that shows more settings, or fewer, is not asked again', async () => {
    await inWorld(both, async (w) => {
      await w.settle(100_000)
      const tag = w.service.tags.get('shop/orders/invoice')
      if (tag !== undefined) tag.settings = '{"colour":"1"}'
      const calls = w.service.calls.length
      await w.settle(220_000)
      assert.ok(!w.service.calls.slice(calls).some((call) => call.startsWith('declare')))
    })
  })

  test('a tag that is gone from the service is made again above its numbers', async () => {
    await inWorld(both, async (w) => {
      await w.settle(100_000)
      w.service.grant('shop/orders/invoice', 2 ** 32 * 0.05)
      await w.settle(220_000)
      const seen = Number(w.tag()?.status?.datacenters?.[0]?.highWater)
      w.service.tags.clear()
      await w.settle(220_000)
      assert.equal(w.service.tags.get('shop/orders/invoice')?.highWater, seen)
      assert.equal(w.tag()?.status?.tagId, '2')
    })
  })
})

describe('a look at many tags', () => {
  test('does not declare again what was declared while it was read', async () => {
    await inWorld(both, async (w) => {
      const list = w.service.list.bind(w.service)
      w.service.list = async (...args) => {
        const page = await list(...args)
        putTag(w, { displayName: 'New' })
        await w.settle()
        return page
      }
      await w.settle(60_000)
      await w.settle(1000)
      assert.equal(w.service.calls.filter((call) => call.startsWith('declare')).length, 2)
    })
  })

  test('reads all pages, and writes no more than its share of what is behind', async () => {
    const COUNT = 1200
    await inWorld(
      (w) => {
        putGenerator(w)
        for (let n = 0; n < COUNT; n += 1) putTag(w, { tag: `t${n}` }, { name: `t${n}` })
      },
      async (w) => {
        await w.settle(2000)
        assert.equal(w.started.totals('shop/ids').ready, COUNT)
        for (const path of w.service.tags.keys()) w.service.grant(path, 2 ** 32 * 0.05)
        const calls = w.service.calls.length
        const writes = w.kube.writes.length
        await w.settle(60_000)
        assert.equal(w.kube.writes.length - writes, 1000)
        assert.deepEqual(
          w.service.calls.slice(calls).map((call) => call.split(' ')[0]),
          ['list', 'list', 'list'],
        )
        await w.settle(220_000)
        assert.equal(w.kube.writes.length - writes, COUNT)
      },
    )
  })
})

describe('numbers that pods returned as they stopped', () => {
  const COUNT = 1200
  const wide = (w: TestWorld): void => {
    putGenerator(w)
    for (let n = 0; n < COUNT; n += 1) putTag(w, { tag: `t${n}` }, { name: `t${n}` })
  }

  test('are asked about once, and written no faster than what was used', async () => {
    await inWorld(wide, async (w) => {
      await w.settle(60_000)
      for (const path of w.service.tags.keys()) w.service.grant(path, 2 ** 32 * 0.05)
      for (let look = 0; look < 3; look += 1) await w.settle(220_000)
      for (const path of w.service.tags.keys()) w.service.giveBack(path, 1000)
      const writes = w.kube.writes.length
      const calls = w.service.calls.length
      await w.settle(220_000)
      assert.equal(w.kube.writes.length, writes)
      for (let look = 0; look < 2; look += 1) await w.settle(220_000)
      const declares = w.service.calls.slice(calls).filter((call) => call.startsWith('declare'))
      assert.equal(declares.length, COUNT)
      for (let look = 0; look < 6; look += 1) await w.settle(220_000)
      assert.equal(w.kube.writes.length - writes, COUNT)
      assert.ok(!w.told().some((event) => event.includes('NumbersAdvanced')))
    })
  })
})

describe('an IdGenerator hears of its tags', () => {
  test('at most once in two seconds, however many change', async () => {
    await inWorld(
      (w) => {
        putGenerator(w)
        for (let n = 0; n < 30; n += 1) putTag(w, { tag: `t${n}` }, { name: `t${n}` })
      },
      async (w) => {
        await w.settle(2000)
        assert.deepEqual(w.totals, ['shop/ids'])
        assert.deepEqual(w.started.totals('shop/ids'), { total: 30, ready: 30, usedPercent: '0.0' })
        w.kube.delete(pathOf(ID_GENERATOR, 'shop', 'ids'))
        await w.settle(1000)
        assert.equal(w.ready('t3'), 'False GeneratorNotFound')
      },
    )
  })
})
