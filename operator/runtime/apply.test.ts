import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Applier } from './apply.ts'
import { KubeError } from './kube-client.ts'
import { ScriptedKube, THINGS } from './scripted-kube.ts'

const WANTED = {
  apiVersion: 'example.com/v1',
  kind: 'Thing',
  metadata: { name: 'a', namespace: 'ns' },
  spec: { size: 0 },
}

describe('server-side apply', () => {
  test('the first attempt forces nothing, and sends everything as it is', async () => {
    const client = new ScriptedKube()
    await new Applier({ client, fieldManager: 'fm' }).apply(THINGS, WANTED)
    assert.deepEqual(client.sent, [
      {
        method: 'PATCH',
        path: '/apis/example.com/v1/namespaces/ns/things/a',
        query: { fieldManager: 'fm', force: 'false' },
        contentType: 'application/apply-patch+yaml',
        body: WANTED,
      },
    ])
  })

  test('a field of somebody else is reported, then taken', async () => {
    const client = new ScriptedKube()
    client.answer = ({ query }) => {
      if (query?.['force'] === 'false') throw new KubeError('Apply failed with 1 conflict: x', 409)
      return { done: true }
    }
    const seen: string[] = []
    const onConflict = (key: string, kind: string): number => seen.push(`${kind} ${key}`)
    const applier = new Applier({ client, fieldManager: 'fm', onConflict })
    assert.deepEqual(await applier.apply(THINGS, WANTED), { done: true })
    assert.deepEqual(seen, ['Thing ns/a'])
  })

  test('any other conflict, and any other failure, forces nothing', async () => {
    for (const failure of [new KubeError('the object has been modified', 409), new KubeError('no', 403)]) {
      const client = new ScriptedKube()
      client.answer = () => {
        throw failure
      }
      await assert.rejects(new Applier({ client, fieldManager: 'fm' }).apply(THINGS, WANTED), failure)
      assert.equal(client.sent.length, 1)
    }
  })

  test('a status goes to its own subresource', async () => {
    const client = new ScriptedKube()
    const object = { ...WANTED, status: { ready: true } }
    await new Applier({ client, fieldManager: 'fm' }).applyStatus(THINGS, object)
    assert.equal(client.sent[0]?.path, '/apis/example.com/v1/namespaces/ns/things/a/status')
  })
})
