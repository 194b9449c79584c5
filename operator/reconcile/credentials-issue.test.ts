import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  deleteTag,
  inWorld,
  pathOf,
  putGenerator,
  putTag,
  type TestWorld,
} from '../../test/cluster/biz-tag-world.ts'
import { failure, noAnswer } from '../../test/cluster/memory-tag-service.ts'
import { ID_GENERATOR } from '../api/kinds.ts'
import { conditionOf } from '../core/biz-tag-conditions.ts'
import { SECRET } from './credentials.ts'
import { idOfKey, keyId, sha256Hex } from './credentials-key.ts'

const WANTED = { credentialsSecret: { name: 'creds' } }

function prepare(w: TestWorld): void {
  putGenerator(w)
  putTag(w, WANTED)
}

function entries(w: TestWorld, name = 'creds'): Record<string, string> {
  const data = Object.entries(w.secret(name)?.data ?? {})
  return Object.fromEntries(data.map(([entry, value]) => [entry, Buffer.from(value, 'base64').toString()]))
}

function keyOf(w: TestWorld): string {
  return entries(w)['key'] ?? ''
}

describe('credentials of a tag', () => {
  test('a Secret has all that an application needs, and a key for this tag alone', async () => {
    await inWorld(prepare, async (w) => {
      const { key = '', ...fixed } = entries(w)
      assert.deepEqual(fixed, {
        http: 'http://ids.shop.svc:8080',
        https: 'https://ids.shop.svc:8443',
        grpc: 'ids.shop.svc:50051',
        'ca.crt': 'CA',
        path: 'shop/orders/invoice',
      })
      const id = idOfKey(key) ?? ''
      assert.equal(id, keyId(w.tag()?.metadata.uid ?? '', 0))
      assert.deepEqual(w.service.keys.get(id), {
        name: 'BizTag shop/invoice',
        within: 'shop/orders/invoice',
        sha256: sha256Hex(key),
        declaredBy: w.tag()?.metadata.uid,
      })
      assert.deepEqual(w.tag()?.status?.credentials, { secretName: 'creds', keyId: id })
      assert.equal(w.condition('CredentialsReady')?.status, 'True')
      assert.deepEqual(
        w.secret('creds')?.metadata.ownerReferences?.map(({ kind, uid }) => [kind, uid]),
        [['BizTag', w.tag()?.metadata.uid]],
      )
      assert.deepEqual(w.told(), ['invoice CredentialsIssued', 'invoice SegmentsInitialized'])
    })
  })

  test('the address for Redis clients comes into the Secret and goes with the generator’s', async () => {
    await inWorld(prepare, async (w) => {
      const path = pathOf(ID_GENERATOR, 'shop', 'ids')
      const tell = async (resp: object): Promise<string | undefined> => {
        const generator = w.kube.objects.get(path)
        const status = {
          ...(generator?.['status'] as object),
          endpoints: { grpc: 'ids.shop.svc:50051', ...resp },
        }
        w.kube.put(path, { ...generator, status })
        await w.settle(5000)
        return entries(w)['resp']
      }
      assert.equal(await tell({ resp: 'ids.shop.svc:6399' }), 'ids.shop.svc:6399')
      assert.equal(await tell({}), undefined)
    })
  })

  test('the key is in the Secret before it is valid, and an operator that died between makes the same one valid', async () => {
    await inWorld(
      (w) => {
        prepare(w)
        w.service.before = (call) => {
          if (call.startsWith('putKey')) throw failure(503, 'IDGEN_STORE_UNAVAILABLE', 'away')
        }
      },
      async (w) => {
        const key = keyOf(w)
        assert.notEqual(key, '')
        assert.equal(w.ready(), 'False ServiceUnavailable')
        w.service.before = () => {}
        await w.settle(60_000)
        assert.equal(w.ready(), 'True Ready')
        assert.equal(keyOf(w), key)
        assert.equal(w.service.keys.get(idOfKey(key) ?? '')?.sha256, sha256Hex(key))
      },
    )
  })

  test('an annotation makes a new key under the same id, once', async () => {
    await inWorld(prepare, async (w) => {
      const before = keyOf(w)
      putTag(w, WANTED, { annotations: { 'idgen.io/rotate-key': '2026-06' } })
      await w.settle(100)
      const after = keyOf(w)
      assert.notEqual(after, before)
      assert.equal(idOfKey(after), idOfKey(before))
      assert.equal(w.service.keys.get(idOfKey(after) ?? '')?.sha256, sha256Hex(after))
      assert.equal(w.told().at(-1), 'invoice CredentialsRotated')
      await w.settle(3_600_000)
      assert.equal(keyOf(w), after)
    })
  })

  test('a Secret of somebody else is never touched', async () => {
    await inWorld(
      (w) => {
        prepare(w)
        w.kube.put(pathOf(SECRET, 'shop', 'creds'), {
          kind: 'Secret',
          metadata: { name: 'creds', namespace: 'shop' },
          data: { a: 'Yg==' },
        })
      },
      async (w) => {
        assert.deepEqual(entries(w), { a: 'b' })
        assert.equal(w.ready(), 'False SecretNotOurs')
        assert.equal(w.condition('Accepted')?.status, 'True')
        assert.equal(w.service.keys.size, 0)
        w.kube.delete(pathOf(SECRET, 'shop', 'creds'))
        await w.settle(120_000)
        assert.equal(w.ready(), 'True Ready')
      },
    )
  })

  test('a Secret that somebody deleted comes back with a new key; what others added to it stays', async () => {
    await inWorld(prepare, async (w) => {
      const before = keyOf(w)
      w.kube.delete(pathOf(SECRET, 'shop', 'creds'))
      await w.settle(100)
      assert.notEqual(keyOf(w), before)
      assert.notEqual(keyOf(w), '')
      const secret = w.secret('creds')
      w.kube.put(pathOf(SECRET, 'shop', 'creds'), {
        ...secret,
        data: { ...secret?.data, mine: 'Yg==', path: 'Yg==' },
      })
      await w.settle(100)
      assert.equal(entries(w)['mine'], 'b')
      assert.equal(entries(w)['path'], 'shop/orders/invoice')
    })
  })

  test('a new certificate authority comes into the Secret, with the same key', async () => {
    await inWorld(prepare, async (w) => {
      const key = keyOf(w)
      const tls = w.secret('ids-tls')
      w.kube.put(pathOf(SECRET, 'shop', 'ids-tls'), {
        ...tls,
        data: { 'ca.crt': Buffer.from('NEW').toString('base64') },
      })
      await w.settle(1000)
      assert.equal(entries(w)['ca.crt'], 'NEW')
      assert.equal(keyOf(w), key)
    })
  })

  test('taken out of spec, the key is revoked and the Secret goes; wanted again, another key is made', async () => {
    await inWorld(prepare, async (w) => {
      const id = idOfKey(keyOf(w)) ?? ''
      putTag(w)
      await w.settle(100)
      assert.equal(w.secret('creds'), undefined)
      assert.ok(w.service.revoked.has(id))
      assert.equal(w.tag()?.status?.credentials, undefined)
      assert.equal(w.condition('CredentialsReady'), undefined)
      assert.equal(w.told().at(-1), 'invoice CredentialsRevoked')
      putTag(w, WANTED)
      await w.settle(100)
      assert.equal(idOfKey(keyOf(w)), keyId(w.tag()?.metadata.uid ?? '', 1))
      assert.equal(w.ready(), 'True Ready')
    })
  })

  test('another name moves the Secret', async () => {
    await inWorld(prepare, async (w) => {
      putTag(w, { credentialsSecret: { name: 'other' } })
      await w.settle(100)
      assert.equal(w.secret('creds'), undefined)
      const key = entries(w, 'other')['key'] ?? ''
      assert.equal(w.service.keys.get(idOfKey(key) ?? '')?.sha256, sha256Hex(key))
      assert.equal(w.service.keys.size, 1)
    })
  })

  test('a name that is taken leaves the Secret before where it is, and its key is not forgotten', async () => {
    await inWorld(prepare, async (w) => {
      const key = keyOf(w)
      w.kube.put(pathOf(SECRET, 'shop', 'other'), {
        kind: 'Secret',
        metadata: { name: 'other', namespace: 'shop' },
        data: { a: 'Yg==' },
      })
      putTag(w, { credentialsSecret: { name: 'other' } })
      await w.settle(100)
      assert.equal(w.condition('CredentialsReady')?.reason, 'SecretNotOurs')
      assert.equal(keyOf(w), key)
      putTag(w)
      await w.settle(100)
      assert.deepEqual([...w.service.revoked], [idOfKey(key)])
      assert.equal(w.service.keys.size, 0)
      assert.equal(w.secret('creds'), undefined)
    })
  })

  test('a key that could not be revoked at the end is named', async () => {
    await inWorld(prepare, async (w) => {
      const id = w.tag()?.status?.credentials?.keyId ?? ''
      w.service.before = () => {
        throw failure(503, 'IDGEN_STORE_UNAVAILABLE', 'away')
      }
      deleteTag(w)
      await w.settle()
      assert.equal(w.tag(), undefined)
      assert.ok(id !== '' && w.events.at(-1)?.note.includes(`DELETE /v1/keys/${id}.`))
    })
  })

  test('a later key that no status came to name ends with the BizTag too, and no key of others', async () => {
    for (const own of [true, false])
      await inWorld(prepare, async (w) => {
        const later = own ? keyId(w.tag()?.metadata.uid ?? '', 1) : 'adminadminad'
        const secret = w.secret('creds')
        w.service.keys.set(later, {
          name: 'later',
          within: 'shop/orders/invoice',
          sha256: '',
          declaredBy: own ? (w.tag()?.metadata.uid ?? '') : 'somebody',
        })
        const key = Buffer.from(`idg_${later}_${'a'.repeat(43)}`).toString('base64')
        w.watches.held = true
        deleteTag(w)
        w.kube.put(pathOf(SECRET, 'shop', 'creds'), { ...secret, data: { ...secret?.data, key } })
        w.watches.release()
        await w.settle()
        assert.equal(w.tag(), undefined)
        assert.equal(w.service.keys.has(later), !own)
      })
  })

  test('a tag that comes back from another BizTag, or from a backup, gets a key that opens it', async () => {
    await inWorld(prepare, async (w) => {
      const first = keyOf(w)
      const tag = w.service.tags.get('shop/orders/invoice')
      assert.ok(tag?.owner !== undefined)
      // It was freed, another BizTag was faster, and that one is gone now.
      tag.owner = { ...tag.owner, name: 'other', uid: 'other' }
      w.service.keys.clear()
      w.service.revoked.add(idOfKey(first) ?? '')
      await w.settle(LOOK_MS)
      assert.equal(w.ready(), 'True Ready')
      const second = keyOf(w)
      assert.notEqual(second, first)
      assert.equal(w.service.keys.get(idOfKey(second) ?? '')?.sha256, sha256Hex(second))
      assert.equal(w.told().at(-1), 'invoice CredentialsRotated')
      // The backup is older than the key.
      tag.owner = undefined
      w.service.keys.clear()
      await w.settle(LOOK_MS)
      assert.equal(keyOf(w), second)
      assert.equal(w.service.keys.get(idOfKey(second) ?? '')?.sha256, sha256Hex(second))
    })
  })

  test('a key that an older version of the service took ends with the BizTag once a newer one is stable', async () => {
    await inWorld(prepare, async (w) => {
      const [[id, key] = []] = w.service.keys
      assert.ok(id !== undefined && key !== undefined)
      const { declaredBy, ...unbound } = key
      w.service.keys.set(id, unbound as typeof key)
      const path = pathOf(ID_GENERATOR, 'shop', 'ids')
      const generator = w.kube.objects.get(path)
      w.kube.put(path, {
        ...generator,
        status: { ...(generator?.['status'] as object), stableRevision: 'newer' },
      })
      await w.settle(60_000)
      assert.equal(w.service.keys.get(id)?.declaredBy, declaredBy)
      assert.equal(idOfKey(keyOf(w)), id)
    })
  })

  test('the key ends with the BizTag', async () => {
    for (const deletionPolicy of ['Retain', 'Purge'] as const)
      await inWorld(
        (w) => {
          putGenerator(w)
          putTag(w, { ...WANTED, deletionPolicy })
        },
        async (w) => {
          deleteTag(w)
          await w.settle()
          assert.equal(w.service.keys.size, 0)
          assert.equal(w.service.revoked.size, 1)
        },
      )
  })
})

describe('an IdGenerator takes the namespace of a tag no longer', () => {
  const TAG = { ...WANTED, generatorRef: { name: 'ids', namespace: 'shop' } }
  const SELECTED = { spec: { allowedNamespaces: { from: 'Selector', selector: { ids: 'yes' } } } }

  function prepareTeam(w: TestWorld): void {
    labelTeam(w, 'yes')
    putGenerator(w, SELECTED)
    putTag(w, TAG, { namespace: 'team' })
  }

  function labelTeam(w: TestWorld, ids: string): void {
    w.kube.put('/api/v1/namespaces/team', { metadata: { name: 'team', labels: { ids } } })
  }

  function reason(w: TestWorld, type: 'Ready' | 'CredentialsReady' = 'Ready'): string | undefined {
    return conditionOf(w.tag('invoice', 'team')?.status?.conditions, type)?.reason
  }

  test('a narrower selection ends its key and its Secret, and a wider one makes another key', async () => {
    await inWorld(prepareTeam, async (w) => {
      const [id = ''] = w.service.keys.keys()
      assert.equal(reason(w), 'Ready')
      putGenerator(w)
      await w.settle(1000)
      assert.deepEqual([reason(w), reason(w, 'CredentialsReady')], Array(2).fill('NamespaceNotAllowed'))
      assert.deepEqual([...w.service.revoked], [id])
      assert.equal(w.secret('creds', 'team'), undefined)
      assert.equal(w.tag('invoice', 'team')?.status?.credentials, undefined)
      assert.equal(w.told().at(-2), 'invoice CredentialsRevoked')
      assert.match(w.events.at(-2)?.note ?? '', /shop\/ids does not take BizTags of namespace team any more/)
      const { length } = w.service.calls
      await w.settle(60_000)
      assert.deepEqual(
        w.service.calls.slice(length).filter((call) => !call.startsWith('list')),
        [],
      )
      putGenerator(w, SELECTED)
      await w.settle(1000)
      assert.equal(reason(w), 'Ready')
      assert.notEqual([...w.service.keys.keys()][0], id)
    })
  })

  test('a label that goes is noticed without a word', async () => {
    await inWorld(prepareTeam, async (w) => {
      await w.settle(600_000)
      labelTeam(w, 'no')
      await w.settle(120_000)
      assert.equal(reason(w), 'NamespaceNotAllowed')
      assert.equal(w.service.keys.size, 0)
    })
  })

  test('a key that cannot be revoked yet is named, and revoked when the service is back', async () => {
    await inWorld(prepareTeam, async (w) => {
      w.service.before = () => {
        throw noAnswer()
      }
      putGenerator(w)
      await w.settle(1000)
      assert.deepEqual([reason(w), reason(w, 'CredentialsReady')], ['NamespaceNotAllowed', 'NotRevoked'])
      assert.equal(w.service.keys.size, 1)
      assert.notEqual(w.secret('creds', 'team'), undefined)
      w.service.before = () => {}
      await w.settle(60_000)
      assert.equal(reason(w, 'CredentialsReady'), 'NamespaceNotAllowed')
      assert.equal(w.service.keys.size, 0)
    })
  })
})

/** A look at all tags, and what is tried again after it. */
const LOOK_MS = 240_000
