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
import { failure, noAnswer } from '../../test/cluster/memory-tag-service.ts'
import { ID_GENERATOR } from '../api/kinds.ts'

const SILENT = async (_call: string, signal: AbortSignal): Promise<void> => {
  await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(noAnswer())))
}

function lastNote({ events }: TestWorld): string {
  return events.at(-1)?.note ?? ''
}

describe('a BizTag with Retain is deleted', () => {
  test('the claim ends, the tag stays, and the next one goes on above its numbers', async () => {
    await inWorld(both, async (w) => {
      w.service.grant('shop/orders/invoice', 500)
      deleteTag(w)
      await w.settle()
      assert.equal(w.tag(), undefined)
      assert.equal(w.service.tags.get('shop/orders/invoice')?.owner, undefined)
      assert.equal(w.told().at(-1), 'invoice DataRetained')
      assert.match(lastNote(w), /no BizTag declares it any more/)
      putTag(w)
      await w.settle(100)
      assert.equal(w.ready(), 'True Ready')
      assert.equal(w.tag()?.status?.datacenters?.[0]?.highWater, '501')
    })
  })

  test('a service that is silent holds it up for a second, and those after it not at all', async () => {
    await inWorld(
      (w) => {
        both(w)
        putTag(w, { tag: 'other' }, { name: 'other' })
      },
      async (w) => {
        w.service.before = SILENT
        deleteTag(w)
        await w.settle(900)
        assert.ok(w.tag())
        await w.settle(200)
        assert.equal(w.tag(), undefined)
        assert.match(lastNote(w), /was not reached.*takes the claim over/)
        deleteTag(w, 'other')
        await w.settle()
        assert.equal(w.tag('other'), undefined)
      },
    )
  })

  test('a claim that could not be given up is taken over by another BizTag', async () => {
    await inWorld(both, async (w) => {
      w.service.before = () => {
        throw failure(503, 'IDGEN_STORE_UNAVAILABLE', 'away')
      }
      deleteTag(w)
      await w.settle()
      assert.equal(w.tag(), undefined)
      w.service.before = () => {}
      putTag(w, {}, { name: 'next' })
      await w.settle(100)
      assert.equal(w.ready('next'), 'True Ready')
      assert.ok(w.told().includes('next TagTakenOver'))
    })
  })

  test('one that never had the tag says so, and not that the service is away', async () => {
    await inWorld(both, async (w) => {
      putTag(w, {}, { name: 'second' })
      await w.settle(1000)
      deleteTag(w, 'second')
      await w.settle()
      assert.equal(w.tag('second'), undefined)
      assert.match(lastNote(w), /did not have it; .*BizTag shop\/invoice/)
      assert.doesNotMatch(lastNote(w), /not reached/)
    })
  })

  test('without an IdGenerator, and with a suspended one, nobody is asked', async () => {
    for (const change of ['gone', 'suspended'])
      await inWorld(both, async (w) => {
        if (change === 'gone') w.kube.delete(pathOf(ID_GENERATOR, 'shop', 'ids'))
        else putGenerator(w, { spec: { suspend: true } })
        await w.settle(1000)
        const { length } = w.service.calls
        deleteTag(w)
        await w.settle()
        assert.equal(w.tag(), undefined)
        assert.equal(w.service.calls.length, length)
        assert.equal(w.told().at(-1), 'invoice DataRetained')
      })
  })

  test('somebody else who changes the object at the same time does not keep it', async () => {
    await inWorld(both, async (w) => {
      let conflicts = 2
      w.kube.before = ({ method, path }) => {
        if (method !== 'PATCH' || path.endsWith('/status') || conflicts === 0) return
        conflicts -= 1
        putTag(w, { deletionPolicy: 'Retain' }, { name: 'invoice', labels: { n: String(conflicts) } })
      }
      deleteTag(w)
      await w.settle()
      assert.equal(conflicts, 0)
      assert.equal(w.tag(), undefined)
    })
  })
})

describe('a BizTag with Purge is deleted', () => {
  const purge = (w: TestWorld): void => {
    putGenerator(w)
    putTag(w, { deletionPolicy: 'Purge' })
  }

  test('the tag goes first, and made again it goes on above', async () => {
    await inWorld(purge, async (w) => {
      w.service.grant('shop/orders/invoice', 500)
      deleteTag(w)
      await w.settle()
      assert.equal(w.tag(), undefined)
      assert.equal(w.service.tags.size, 0)
      assert.equal(w.told().at(-1), 'invoice DataPurged')
      purge(w)
      await w.settle(100)
      assert.equal(w.tag()?.status?.datacenters?.[0]?.highWater, '501')
    })
  })

  test('it waits for the service, says so, and is done when that is back', async () => {
    await inWorld(purge, async (w) => {
      w.service.before = () => {
        throw noAnswer()
      }
      deleteTag(w)
      await w.settle(60_000)
      assert.equal(w.ready(), 'False ServiceUnreachable')
      assert.match(
        w.condition('Ready')?.message ?? '',
        /deletionPolicy: Retain to let this BizTag go at once/,
      )
      assert.ok(w.told().includes('invoice DeletionWaits'))
      w.service.before = () => {}
      await w.settle(31_000)
      assert.equal(w.tag(), undefined)
      assert.equal(w.service.tags.size, 0)
    })
  })

  test('it goes at once when a person gives up and sets Retain', async () => {
    await inWorld(purge, async (w) => {
      w.service.before = () => {
        throw noAnswer()
      }
      deleteTag(w)
      await w.settle(1000)
      putTag(w, { deletionPolicy: 'Retain' })
      await w.settle()
      assert.equal(w.tag(), undefined)
      assert.equal(w.service.tags.size, 1)
    })
  })

  test('an IdGenerator that is gone lets it go, and the numbers stay', async () => {
    await inWorld(purge, async (w) => {
      w.kube.delete(pathOf(ID_GENERATOR, 'shop', 'ids'))
      await w.settle(1000)
      deleteTag(w)
      await w.settle()
      assert.equal(w.tag(), undefined)
      assert.equal(w.service.tags.size, 1)
      assert.equal(w.told().at(-1), 'invoice DataRetained')
    })
  })

  test('one that never had the tag deletes nothing of the one that has it', async () => {
    await inWorld(both, async (w) => {
      putTag(w, { deletionPolicy: 'Purge' }, { name: 'second' })
      await w.settle(1000)
      deleteTag(w, 'second')
      await w.settle()
      assert.equal(w.tag('second'), undefined)
      assert.equal(w.ready(), 'True Ready')
      assert.equal(w.service.tags.size, 1)
      assert.match(lastNote(w), /was not deleted: .*BizTag shop\/invoice/)
    })
  })

  test('a suspended IdGenerator holds it, and says what to do', async () => {
    await inWorld(purge, async (w) => {
      putGenerator(w, { spec: { suspend: true } })
      await w.settle(1000)
      deleteTag(w)
      await w.settle(1000)
      assert.equal(w.ready(), 'False Suspended')
      putGenerator(w)
      await w.settle(1000)
      assert.equal(w.tag(), undefined)
      assert.equal(w.service.tags.size, 0)
    })
  })
})
